/**
 * The files of a source: itself, or all regular files below a folder in path order. Hidden files are left out, README and licence
 * texts. A MISP feed folder (one with a manifest) is one entry with its events as parts; manifest and hashes are left out. Links are
 * followed inside the folder only.
 */
import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';
import { feedFormat } from '../rules/lists/feed-format.ts';

const MAX_FILES = 100_000;
const MAX_DEPTH = 32;
const MISP_EVENT = /^(?!(?:manifest|hashes)\.)[^.].*\.json(?:\.gz)?$/i;
const MANIFEST_HEAD_BYTES = 4096;
const DOCUMENTATION = /^(?:readme|licen[cs]e|copying|changelog)(?:$|[.-])|\.md$/i;

export interface ListedFile {
  readonly path: string;
  /** Of a MISP feed folder: its events. */
  readonly parts?: readonly { readonly path: string }[];
}

export interface ListedFiles {
  readonly files: readonly ListedFile[];
  readonly diagnostics: readonly Diagnostic[];
}

export function listFiles(path: string): ListedFiles {
  try {
    if (!statSync(path).isDirectory()) return { files: [{ path }], diagnostics: [] };
  } catch (error) {
    return { files: [], diagnostics: [unreadable(path, error)] };
  }
  const files: ListedFile[] = [];
  const diagnostics: Diagnostic[] = [];
  walk(path, realpathSync(path), 0, files, diagnostics);
  if (files.length + diagnostics.length === 0)
    diagnostics.push(
      diagnostic('INTEL_NO_FILES', 'warning', `no feed in the folder "${path}"`, { span: { file: path } }),
    );
  if (files.length >= MAX_FILES)
    diagnostics.push(diagnostic('INTEL_TOO_LARGE', 'error', `"${path}" has more than ${MAX_FILES} files`));
  return { files, diagnostics };
}

function walk(folder: string, root: string, depth: number, files: ListedFile[], diagnostics: Diagnostic[]): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    diagnostics.push(unreadable(folder, error));
    return;
  }
  if (isMispFeed(folder)) {
    const events = entries.filter((entry) => entry.isFile() && MISP_EVENT.test(entry.name)).map(({ name }) => name);
    files.push({ path: folder, parts: events.sort().map((name) => ({ path: join(folder, name) })) });
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (files.length >= MAX_FILES || entry.name.startsWith('.') || DOCUMENTATION.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isFile()) files.push({ path });
    else if (entry.isDirectory() && depth < MAX_DEPTH) walk(path, root, depth + 1, files, diagnostics);
    else if (entry.isSymbolicLink()) followLink(path, root, files, diagnostics);
  }
}

function isMispFeed(folder: string): boolean {
  try {
    const file = openSync(join(folder, 'manifest.json'), 'r');
    try {
      const head = Buffer.alloc(MANIFEST_HEAD_BYTES);
      return feedFormat(head.subarray(0, readSync(file, head))) === 'misp-manifest';
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // Not there, a folder, or not readable: no feed of MISP then.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function followLink(path: string, root: string, files: ListedFile[], diagnostics: Diagnostic[]): void {
  try {
    const target = realpathSync(path);
    if (!target.startsWith(root + sep))
      diagnostics.push(diagnostic('INTEL_UNREADABLE', 'warning', `"${path}" leads out of the folder and is left out`));
    else if (statSync(target).isFile()) files.push({ path });
  } catch (error) {
    diagnostics.push(unreadable(path, error));
  }
}

export function unreadable(path: string, error: unknown): Diagnostic {
  const { code, message } = error as Error & { code?: string };
  return diagnostic('INTEL_UNREADABLE', 'error', `"${path}" cannot be read: ${code ?? message}`, {
    span: { file: path },
  });
}
