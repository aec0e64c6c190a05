/** Rule and specification files as configured: files, and folders recursively by extension, read as texts. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';

export interface RuleText {
  readonly path: string;
  readonly text: string;
}

const EXTENSION = /\.ya?ml$/i;
/** Files of one configuration; beyond it something else than rules is meant. */
const MAX_FILES = 100_000;

/** In path order. A file that is named itself is read whatever it is called; hidden files inside folders are left out. */
export function readRuleFiles(paths: readonly string[]): {
  readonly files: readonly RuleText[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const files: RuleText[] = [];
  const diagnostics: Diagnostic[] = [];
  const visit = (path: string, named: boolean): void => {
    if (files.length >= MAX_FILES) return;
    try {
      if (statSync(path).isDirectory())
        for (const name of readdirSync(path).sort()) {
          if (!name.startsWith('.')) visit(join(path, name), false);
        }
      else if (named || EXTENSION.test(path)) files.push({ path, text: readFileSync(path, 'utf8') });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      diagnostics.push(
        diagnostic('ENV_FILE_UNREADABLE', 'error', `"${path}" cannot be read: ${code}`, { span: { file: path } }),
      );
    }
  };
  for (const path of paths) visit(path, true);
  return { files, diagnostics };
}
