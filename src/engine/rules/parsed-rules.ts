/**
 * ParsedRules: rule files that were parsed before, by the SHA-256 of their path and text. Over reloads in memory, and over starts in a
 * file (`rule-cache.ts`), whose rules are read as far as somebody asks for them. What is not known, byte for byte, is parsed; findings are
 * kept with the files and told each time.
 */
import { hash } from 'node:crypto';
import { readJsonBytes } from '../../core/json-bytes.ts';
import { fieldNamesIn } from '../../match/rule-fields.ts';
import type { ParsedFile, SigmaFile } from '../../rules/sigma/collection.ts';
import type { KnownFiles } from '../../rules/sigma/load.ts';
import { type PackedBody, type PackedHead, packFile, unpackFile } from '../../rules/sigma/packed-file.ts';

export interface PackedText {
  readonly head: PackedHead;
  /** JSON in UTF-8. */
  readonly body: Uint8Array;
}

interface Entry {
  parsed?: ParsedFile;
  /** Null: cannot be packed. */
  packed?: PackedText | null;
  /** Load that asked for it last. */
  used: number;
}

export class ParsedRules implements KnownFiles {
  readonly compiled: KnownFiles['compiled'] = new WeakMap();
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new WeakMap<SigmaFile, string>();
  #loads = 0;
  /** Files that were parsed since the last load began. */
  #parsed = 0;
  /** Keys of what was parsed since `pack` was asked for last. */
  readonly #fresh = new Set<string>();
  /** For the load that is to begin. */
  #ahead = 0;
  /** What was read last: a rule's parts are asked for one after the other. */
  #open: { readonly of: PackedText; readonly body: PackedBody } | undefined;

  /** Loads so far. */
  get loads(): number {
    return this.#loads;
  }

  /** Files that are known. */
  get size(): number {
    return this.#entries.size;
  }

  /** Files that had to be parsed for the last load. */
  get parsed(): number {
    return this.#parsed;
  }

  /** Takes in what was kept, by key. */
  add(packed: Iterable<readonly [key: string, packed: PackedText]>): void {
    for (const [key, one] of packed) this.#entries.set(key, { packed: one, used: this.#loads });
  }

  /** What the last load did not ask for is forgotten. */
  beginLoad(): void {
    for (const [key, { used }] of this.#entries) {
      if (used >= this.#loads) continue;
      this.#entries.delete(key);
      this.#fresh.delete(key);
    }
    this.#loads++;
    this.#parsed = this.#ahead;
    this.#ahead = 0;
  }

  of(file: SigmaFile, parse: (file: SigmaFile) => ParsedFile): ParsedFile {
    const key = this.keyOf(file);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#parsed++;
      entry = { parsed: parse(file), used: this.#loads };
      this.#entries.set(key, entry);
      this.#fresh.add(key);
    }
    entry.used = this.#loads;
    entry.parsed ??= this.#unpacked(file.path, entry.packed as PackedText);
    return entry.parsed;
  }

  /** Parses what the next load will ask for, as far as it is not known. */
  *ahead(files: readonly SigmaFile[], parse: (file: SigmaFile) => ParsedFile): Generator<undefined, void> {
    for (const file of files) {
      const key = this.keyOf(file);
      // It is one of the last load until then.
      if (!this.#entries.has(key)) {
        this.#ahead++;
        this.#entries.set(key, { parsed: parse(file), used: this.#loads });
        this.#fresh.add(key);
      }
      yield;
    }
  }

  /** Packs what was parsed since it was last asked for, and returns how many of these can be kept. */
  *pack(): Generator<undefined, number> {
    let count = 0;
    for (const key of this.#fresh) {
      this.#fresh.delete(key);
      const entry = this.#entries.get(key);
      if (entry?.parsed === undefined) continue;
      const packed = packFile(entry.parsed, fieldNamesIn);
      entry.packed = packed === undefined ? null : { head: packed.head, body: Buffer.from(packed.body) };
      if (packed !== undefined) {
        // The next load takes it from there, and compiles what is needed only.
        delete entry.parsed;
        count++;
      }
      yield;
    }
    return count;
  }

  /** All that the last load asked for and that can be kept, in its order; after `pack`. */
  *packed(): Generator<readonly [key: string, packed: PackedText]> {
    for (const [key, { used, packed }] of this.#entries)
      if (used >= this.#loads && packed !== undefined && packed !== null) yield [key, packed];
  }

  /** What has the key need not be parsed for the next load. */
  has(key: string): boolean {
    const used = this.#entries.get(key)?.used;
    return used !== undefined && used >= this.#loads;
  }

  /** The file has the key, so its text need not be looked at. */
  setKey(file: SigmaFile, key: string): void {
    this.#keys.set(file, key);
  }

  /** Tells it from every other file, by path and text. */
  keyOf(file: SigmaFile): string {
    let key = this.#keys.get(file);
    if (key === undefined) {
      key = hash('sha256', `${file.path}\0${file.text}`, 'base64');
      this.#keys.set(file, key);
    }
    return key;
  }

  #unpacked(path: string, packed: PackedText): ParsedFile {
    const body = (): PackedBody => {
      if (this.#open?.of !== packed) this.#open = { of: packed, body: bodyOf(packed) };
      return this.#open.body;
    };
    return unpackFile(path, packed.head, body, packed.body);
  }
}

function bodyOf({ body }: PackedText): PackedBody {
  return readJsonBytes<PackedBody>(body);
}
