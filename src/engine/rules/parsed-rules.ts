/**
 * ParsedRules: rule files that were parsed before, by the SHA-256 of their path and text. Over reloads in memory, and over starts in a
 * file (`rule-cache.ts`), whose rules are read as far as somebody asks for them. What is not known, byte for byte, is parsed; findings are
 * kept with the files and told each time.
 */
import { createHash } from 'node:crypto';
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
  readonly #entries = new Map<string, Entry>();
  #loads = 0;
  /** Files that were parsed since the last load began. */
  #parsed = 0;
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
    for (const [key, { used }] of this.#entries) if (used < this.#loads) this.#entries.delete(key);
    this.#loads++;
    this.#parsed = 0;
  }

  of(file: SigmaFile, parse: (file: SigmaFile) => ParsedFile): ParsedFile {
    const key = keyOf(file);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#parsed++;
      entry = { parsed: parse(file), used: this.#loads };
      this.#entries.set(key, entry);
    }
    entry.used = this.#loads;
    entry.parsed ??= this.#unpacked(file.path, entry.packed as PackedText);
    return entry.parsed;
  }

  /** All that the last load asked for and that can be kept, in its order. */
  *packed(): Generator<readonly [key: string, packed: PackedText]> {
    for (const [key, entry] of this.#entries) {
      if (entry.used < this.#loads || entry.parsed === undefined) continue;
      if (entry.packed === undefined) {
        const packed = packFile(entry.parsed, fieldNamesIn);
        entry.packed = packed === undefined ? null : { head: packed.head, body: Buffer.from(packed.body) };
      }
      if (entry.packed !== null) yield [key, entry.packed];
    }
  }

  #unpacked(path: string, packed: PackedText): ParsedFile {
    return unpackFile(path, packed.head, () => {
      if (this.#open?.of !== packed) this.#open = { of: packed, body: bodyOf(packed) };
      return this.#open.body;
    });
  }
}

function bodyOf({ body }: PackedText): PackedBody {
  return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as PackedBody;
}

function keyOf({ path, text }: SigmaFile): string {
  return createHash('sha256').update(`${path}\0`).update(text).digest('base64');
}
