/** The key map of STIX Spark, read from its file. */
import { readFileSync } from 'node:fs';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { parseKeyMap } from '../../fields/legacy-keys.ts';

/** Throws FlintError when the file cannot be read; what is wrong inside is added to `diagnostics`. */
export function readKeyMap(file: string, diagnostics: Diagnostic[]): ReturnType<typeof parseKeyMap>['map'] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlintError([diagnostic('CONFIG_UNREADABLE', 'error', `key map "${file}" cannot be read: ${reason}`)], {
      cause: error,
    });
  }
  const parsed = parseKeyMap(text, file);
  diagnostics.push(...parsed.diagnostics);
  return parsed.map;
}
