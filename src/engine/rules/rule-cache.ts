/**
 * RuleCache: parsed rules kept in a file over starts, since parsing thousands of rules takes longer than everything else of a start. A
 * section file (`intel/section-file.ts`: checksums, written beside its place and renamed) of the program that wrote it, the heads of the
 * rules and their bodies, and what their files were like (`file-notes.ts`). What does not fit is not used, said once, and written anew; a program that was built otherwise uses nothing.
 * Only a folder of the user's own is trusted: who can write there decides what rules say.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { jsonBytes, readJsonBytes } from '../../core/json-bytes.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { Sections } from '../../intel/section-file.ts';
import type { PackedHead } from '../../rules/sigma/packed-file.ts';
import type { Config } from '../config/config-schema.ts';
import { regexProblem } from '../../match/regex.ts';
import { parseSigmaFile, type SigmaFile } from '../../rules/sigma/collection.ts';
import { inPieces } from '../in-pieces.ts';
import { KeptFile, programStamp, type Taken, text } from './kept-file.ts';
import { type FileNote, FileNotes, UnreadText } from './file-notes.ts';
import { KindsFile, kindsIdentity, kindsSettings } from './kept-kinds.ts';
import { type PackedText, ParsedRules } from './parsed-rules.ts';
import type { KnownTexts } from './rule-files.ts';
import type { RuleTexts } from './rule-texts.ts';

const MAGIC = 'FLINTRUL';
const VERSION = 1;
/** Fewer files are parsed faster than a cache is worth having. */
export const LEAST_FILES = 200;
/** Rules that are packed at a time, between which others may work. */
const SLICE = 64;

/** `auto`: the folder for it in the data directory of a service; without one, that of the user. Each list of paths has a file of its own. */
export function openRuleCache(
  { rule_cache, rules }: Pick<Config, 'rule_cache' | 'rules'>,
  dataFolder?: () => string,
): RuleCache {
  if (rule_cache === 'off') return new RuleCache();
  // A service goes on with one file, whatever a reload names.
  if (rule_cache === 'auto' && dataFolder !== undefined) return new RuleCache(join(dataFolder(), 'sigma.rules'));
  const name = createHash('sha256')
    .update(JSON.stringify(rules.map((path) => resolve(path))))
    .digest('hex');
  return new RuleCache(join(rule_cache === 'auto' ? userFolder() : rule_cache, `${name.slice(0, 32)}.rules`));
}

/** As the XDG base directory specification has it. */
function userFolder(): string {
  const given = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'flint');
}

type Row = readonly [key: string, bodyBytes: number, head: PackedHead];

export class RuleCache {
  readonly rules = new ParsedRules();
  readonly #path: string | undefined;
  readonly #file: KeptFile | undefined;
  #isRead = false;
  /** The file holds just these. */
  #isCurrent = false;
  #problem: Diagnostic | undefined;
  readonly #notes = new FileNotes();
  readonly #now: () => number;

  /** Without a file they are known as long as the object is. */
  constructor(path?: string, now = Date.now) {
    this.#path = path;
    this.#file = path === undefined ? undefined : new KeptFile(path, MAGIC, VERSION);
    this.#now = now;
  }

  /** Before the files of a load are read: those that are the same as when they were read before, with rules that are known, need not be. */
  knownTexts(): KnownTexts {
    this.#open();
    const { rules } = this;
    const notes = this.#notes;
    notes.begin(this.#now());
    return {
      of: (path, stats) => {
        const key = notes.keyOf(path, stats);
        if (key === undefined || !rules.has(key)) return undefined;
        const file = new UnreadText(path);
        rules.setKey(file, key);
        return file;
      },
      note: (file, stats) => notes.note(file.path, rules.keyOf(file), stats),
    };
  }

  /** Where kinds of records are kept that these rules are learnt with; undefined: nowhere, or that is not worth it. */
  kindsOf(texts: RuleTexts): KindsFile | undefined {
    if (this.#path === undefined || texts.sigma.length < LEAST_FILES) return undefined;
    const file = this.#path.replace(/\.rules$/, '');
    return new KindsFile(
      `${file}-${kindsSettings(texts)}.kinds`,
      kindsIdentity(texts, (rule) => this.rules.keyOf(rule)),
    );
  }

  /** Before a load of so many files: reads what is kept. Returns what is to be said of it. */
  beginLoad(files: number): readonly Diagnostic[] {
    if (files >= LEAST_FILES) this.#open();
    this.rules.beginLoad();
    const problem = this.#problem;
    this.#problem = undefined;
    return problem === undefined ? [] : [problem];
  }

  /** Reads what is kept, once. */
  #open(): void {
    if (this.#isRead || this.#file === undefined) return;
    this.#isRead = true;
    this.#problem = this.#file.read((sections) => this.#take(sections));
  }

  /** Parses what has changed, in pieces, before a load. */
  prepare(files: readonly SigmaFile[]): Promise<void> {
    return inPieces(this.rules.ahead(files, (file) => parseSigmaFile(file, regexProblem)));
  }

  /** After a load: keeps what it has parsed, unless nothing has changed. Returns what is to be said of it. */
  async save(): Promise<Diagnostic | undefined> {
    const { rules } = this;
    const file = this.#file;
    if (file === undefined || rules.size < LEAST_FILES) return undefined;
    const { loads } = rules;
    if ((await inPieces(rules.pack())) + this.#notes.news > 0) this.#isCurrent = false;
    if (this.#isCurrent) return undefined;
    const rows: Row[] = [];
    const bodies: Uint8Array[] = [];
    for (const [key, { head, body }] of rules.packed()) {
      rows.push([key, body.length, head]);
      bodies.push(body);
      if (rows.length % SLICE === 0) await setImmediate();
      // Who has asked for the next load keeps that one.
      if (rules.loads > loads) return undefined;
    }
    const sections = new Map<string, Uint8Array>([
      ['program', Buffer.from(programStamp())],
      ['heads', jsonBytes(rows)],
      ['bodies', Buffer.concat(bodies)],
      ['files', jsonBytes([...this.#notes.notes])],
    ]);
    return file.write(sections, () => {
      this.#isCurrent = true;
      this.#notes.kept();
    });
  }

  #take(sections: Sections): Taken {
    const names = ['program', 'heads', 'bodies', 'files'];
    const [program, heads, bodies, files] = names.map((name) => sections.get(name));
    if (program === undefined || heads === undefined || bodies === undefined) return 'damaged';
    if (text(program) !== programStamp()) return 'other';
    this.rules.add(packedIn(readJsonBytes<readonly Row[]>(heads), bodies));
    if (files !== undefined) this.#notes.add(readJsonBytes<readonly FileNote[]>(files));
    this.#isCurrent = true;
    return 'taken';
  }
}

function* packedIn(rows: readonly Row[], bodies: Uint8Array): Generator<readonly [string, PackedText]> {
  let at = 0;
  for (const [key, bytes, head] of rows) {
    yield [key, { head, body: bodies.subarray(at, at + bytes) }];
    at += bytes;
  }
}
