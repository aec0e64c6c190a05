/**
 * KeptKinds in a file: what the event sieve has learnt of kinds of records, over starts. Learning two hundred kinds with thousands of rules
 * takes longer than loading the rules. A section file (checksums, written beside its place and renamed) of what the sieve keeps and of what
 * it went by: the program, all rules in their order and what changes them. What does not fit is not used, and written anew.
 */
import { hash } from 'node:crypto';
import { mkdirSync, utimesSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { readSectionFile, type Sections, writeSectionFile } from '../../intel/section-file.ts';
import { codeOf, ignored, makeRoom, programStamp, text, whyNotTrusted } from './cache-folder.ts';
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
  readonly #file: string;

  constructor(file: string, identity: string) {
    this.#file = file;
    this.identity = identity;
  }

  /** Before the sieve meets its first record. Returns what is to be said of it. */
  recall(sieve: SigmaSieve): Diagnostic | undefined {
    const file = this.#file;
    try {
      const why = whyNotTrusted(dirname(file)) ?? whyNotTrusted(file);
      if (why !== undefined) return ignored(file, why);
      const read = readSectionFile(file, MAGIC, VERSION);
      const identity = read.ok ? read.sections.get('identity') : undefined;
      if (!read.ok || identity === undefined) return ignored(file, 'it is damaged');
      if (text(identity) !== this.identity) return undefined;
      const kept = keptIn(read.sections);
      if (kept === undefined) return ignored(file, 'it is damaged');
      if (!sieve.recall(kept)) return undefined;
      const now = new Date();
      utimesSync(file, now, now);
      return undefined;
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? undefined : ignored(file, codeOf(error));
    }
  }

  /** Keeps what the sieve has learnt, unless that is nothing new. Returns what is to be said of it. */
  save(sieve: SigmaSieve): Diagnostic | undefined {
    const kept = sieve.news === 0 ? undefined : sieve.keep();
    if (kept === undefined) return undefined;
    const file = this.#file;
    try {
      const folder = dirname(file);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const why = whyNotTrusted(folder);
      if (why !== undefined) return ignored(folder, why);
      const sections = new Map([['identity', Buffer.from(this.identity)], ...sectionsOf(kept)]);
      // What a crash leaves of it does not fit its checksums.
      writeSectionFile(file, MAGIC, VERSION, sections, { mode: 0o600, sync: false });
      makeRoom(folder, basename(file));
      return undefined;
    } catch (error) {
      return ignored(file, codeOf(error));
    }
  }
}

/** The large parts as they stand: other threads may count in them while they are written. */
export function sectionsOf({ sieve: { tables, samples, ...sieve }, ...kept }: KeptKinds): Sections {
  return new Map<string, Uint8Array>([
    ['kinds', Buffer.from(JSON.stringify({ ...kept, sieve }))],
    ['tables', tables],
    ['samples', samples],
  ]);
}

/** Undefined: something is missing. */
export function keptIn(sections: Sections): KeptKinds | undefined {
  const [kinds, tables, samples] = ['kinds', 'tables', 'samples'].map((name) => sections.get(name));
  if (kinds === undefined || tables === undefined || samples === undefined) return undefined;
  const { sieve, ...kept } = JSON.parse(text(kinds)) as KeptKinds;
  return { ...kept, sieve: { ...sieve, tables, samples } };
}
