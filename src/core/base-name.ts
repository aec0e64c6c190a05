/** The last part of a path, as Windows and POSIX write them; the text itself where there is no separator. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
