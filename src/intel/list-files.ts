/**
 * The files of a source: itself, or all regular files below a folder in path order. Hidden files are left out, README and licence
 * texts, and what a MISP feed folder holds beside its events (manifest, hashes). Links are followed inside the folder only.
 */
import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';

const MAX_FILES = 100_000;
const MAX_DEPTH = 32;
const DOCUMENTATION = /^(?:readme|licen[cs]e|copying|changelog)(?:$|[.-])|\.md$/i;

export interface ListedFiles {
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

export function listFiles(path: string): ListedFiles {
  try {
    if (!statSync(path).isDirectory()) return { files: [path], diagnostics: [] };
  } catch (error) {
    return { files: [], diagnostics: [unreadable(path, error)] };
  }
  const files: string[] = [];
  const diagnostics: Diagnostic[] = [];
  walk(path, realpathSync(path), 0, files, diagnostics);
  if (files.length >= MAX_FILES)
    diagnostics.push(diagnostic('INTEL_TOO_LARGE', 'error', `"${path}" has more than ${MAX_FILES} files`));
  return { files, diagnostics };
}

function walk(folder: string, root: string, depth: number, files: string[], diagnostics: Diagnostic[]): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    diagnostics.push(unreadable(folder, error));
    return;
  }
  const isMispFeed = existsSync(join(folder, 'manifest.json'));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (files.length >= MAX_FILES || entry.name.startsWith('.') || DOCUMENTATION.test(entry.name)) continue;
    if (isMispFeed && (entry.name === 'manifest.json' || entry.name === 'hashes.csv')) continue;
    const path = join(folder, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth < MAX_DEPTH) walk(path, root, depth + 1, files, diagnostics);
    else if (entry.isSymbolicLink()) followLink(path, root, files, diagnostics);
  }
}

function followLink(path: string, root: string, files: string[], diagnostics: Diagnostic[]): void {
  try {
    const target = realpathSync(path);
    if (!target.startsWith(root + sep))
      diagnostics.push(diagnostic('INTEL_UNREADABLE', 'warning', `"${path}" leads out of the folder and is left out`));
    else if (statSync(target).isFile()) files.push(path);
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
