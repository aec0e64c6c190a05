/**
 * KeptKinds in a file: what the event sieve has learnt of kinds of records, over starts. Learning two hundred kinds with thousands of rules
 * takes longer than loading the rules. A section file (checksums, written beside its place and renamed) of what the sieve keeps and of what
 * it went by: the program, all rules in their order and what changes them. What does not fit is not used, and written anew.
 */
import { hash } from 'node:crypto';
import { jsonBytes, readJsonBytes } from '../../core/json-bytes.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { Sections } from '../../intel/section-file.ts';
import { KeptFile, programStamp, text } from './kept-file.ts';
import type { RuleText } from './rule-files.ts';
import type { RuleTexts } from './rule-texts.ts';
import type { KeptKinds, SigmaSieve } from './sigma-sieve.ts';

const MAGIC = 'FLINTKND';
const VERSION = 1;

/** What decides what a sieve learns; `keyOf` tells one rule file from all others. Patterns of feeds do not. */
export function kindsIdentity(texts: RuleTexts, keyOf: (file: RuleText) => string): string {
  const { patterns: _patterns, sigma, ...more } = texts;
  return hash('sha256', JSON.stringify([programStamp(), sigma.map(keyOf), more]));
}

export class KindsFile {
  readonly identity: string;
  readonly #file: KeptFile;

  constructor(path: string, identity: string) {
    this.#file = new KeptFile(path, MAGIC, VERSION);
    this.identity = identity;
  }

  /** Before the sieve meets its first record. Returns what is to be said of it. */
  recall(sieve: SigmaSieve): Diagnostic | undefined {
    return this.#file.read((sections) => {
      const identity = sections.get('identity');
      if (identity === undefined) return 'damaged';
      if (text(identity) !== this.identity) return 'other';
      const kept = keptIn(sections);
      if (kept === undefined) return 'damaged';
      return sieve.recall(kept) ? 'taken' : 'other';
    });
  }

  /** Keeps what the sieve has learnt, unless that is nothing new. Returns what is to be said of it. */
  save(sieve: SigmaSieve): Diagnostic | undefined {
    const kept = sieve.news === 0 ? undefined : sieve.keep();
    if (kept === undefined) return undefined;
    return this.#file.write(new Map([['identity', Buffer.from(this.identity)], ...sectionsOf(kept)]));
  }
}

/** The large parts as they stand: other threads may count in them while they are written. */
export function sectionsOf({ sieve: { tables, samples, ...sieve }, ...kept }: KeptKinds): Sections {
  return new Map<string, Uint8Array>([
    ['kinds', jsonBytes({ ...kept, sieve })],
    ['tables', tables],
    ['samples', samples],
  ]);
}

/** Undefined: something is missing. */
export function keptIn(sections: Sections): KeptKinds | undefined {
  const [kinds, tables, samples] = ['kinds', 'tables', 'samples'].map((name) => sections.get(name));
  if (kinds === undefined || tables === undefined || samples === undefined) return undefined;
  const { sieve, ...kept } = readJsonBytes<KeptKinds>(kinds);
  return { ...kept, sieve: { ...sieve, tables, samples } };
}
