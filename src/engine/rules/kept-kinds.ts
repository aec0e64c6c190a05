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
/** News are never so few. */
const NOTHING_KEPT = -1;

/** What decides what a sieve learns; `keyOf` tells one rule file from all others. Patterns of feeds do not. */
export function kindsIdentity(texts: RuleTexts, keyOf: (file: RuleText) => string): string {
  return hash('sha256', JSON.stringify([programStamp(), texts.sigma.map(keyOf), settingsOf(texts)]));
}

/** Short, for the name of the file: of the same rules under other settings other kinds are kept. */
export function kindsSettings(texts: RuleTexts): string {
  return hash('sha256', JSON.stringify(settingsOf(texts))).slice(0, 16);
}

function settingsOf({ patterns: _patterns, sigma: _sigma, ...settings }: RuleTexts): object {
  return settings;
}

export class KindsFile {
  readonly identity: string;
  readonly #file: KeptFile;
  /** News of the sieve when it was kept. */
  #kept = 0;
  #saving: Promise<unknown> = Promise.resolve();

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

  /** Whether the sieve has learnt something that is not kept. */
  isBehind(sieve: SigmaSieve): boolean {
    return sieve.news !== this.#kept;
  }

  /** The sieve goes on with what a former one had learnt, which was not kept. */
  fallBehind(): void {
    this.#kept = NOTHING_KEPT;
  }

  /** Keeps what the sieve has learnt, unless that is nothing new. One write after the other. Returns what is to be said of it. */
  async save(sieve: SigmaSieve): Promise<Diagnostic | undefined> {
    const saving = this.#saving.then(() => this.#save(sieve));
    // Who waits for this one is told when it fails; the next does not go by it.
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #save(sieve: SigmaSieve): Promise<Diagnostic | undefined> {
    const { news } = sieve;
    const kept = this.isBehind(sieve) ? sieve.keep() : undefined;
    if (kept === undefined) return undefined;
    return this.#file.write(new Map([['identity', Buffer.from(this.identity)], ...sectionsOf(kept)]), () => {
      this.#kept = news;
    });
  }
}

/** A picture: other threads count in the tables, which would not fit their checksum while they are written. */
export function sectionsOf({ sieve: { tables, samples, ...sieve }, ...kept }: KeptKinds): Sections {
  return new Map<string, Uint8Array>([
    ['kinds', jsonBytes({ ...kept, sieve })],
    ['tables', tables.slice()],
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
