/**
 * A picture of keyed state, taken in steps while the state goes on changing. Keys are small dense numbers; 4,096 neighbours share a bucket,
 * and a bucket that did not change since the last picture is not written again. Whoever changes a key says so first (`touching`): a key
 * of the picture that was not saved yet is saved then, so that the picture shows the state as it was at its beginning, and nobody
 * pays for more than the one key he changes.
 *
 * Cost at rest: four bytes for each key, and one comparison for each change.
 */
import { lengthened } from '../../core/growing-columns.ts';
import type { SnapshotChunk } from './chunk.ts';
import { endable } from './endable.ts';

/** `B` collects saved keys of one bucket until they are encoded. */
export interface PictureSource<B> {
  /** Keys are below this. */
  keyBound(): number;
  /** True when the key has state to save. */
  exists(key: number): boolean;
  begin(): B;
  /** Saves the key's state as it is now; returns about how many bytes it takes. */
  add(to: B, key: number): number;
  encode(collected: B, chunkKey: string): SnapshotChunk;
}

const KEYS_PER_BUCKET = 4096;
/** A collection is encoded when it is as large as this: a few milliseconds of work. */
const CHUNK_BYTES = 2 << 20;
/** Keys looked at between two chunks drawn; an empty answer is a draw as well. */
const KEYS_PER_STEP = 1024;

interface Collection<B> {
  readonly collected: B;
  bytes: number;
}

export class KeyedPicture<B> {
  readonly #source: PictureSource<B>;
  readonly #prefix: string;
  /** Number of the picture that a key was last saved in. */
  #stamps = new Uint32Array(64);
  #picture = 0;
  #active = false;
  /** By bucket: 1 when it changed since the last picture began. */
  #dirty = new Uint8Array(16);
  /** Buckets of the running picture. */
  #pending = new Set<number>();
  /** By bucket: how many chunks it was written in. */
  readonly #chunksOf = new Map<number, number>();
  readonly #open = new Map<number, Collection<B>>();
  #ready: SnapshotChunk[] = [];

  constructor(prefix: string, source: PictureSource<B>) {
    this.#prefix = prefix;
    this.#source = source;
  }

  /** The key is about to change, to come into being or to go. */
  touching(key: number): void {
    const bucket = Math.floor(key / KEYS_PER_BUCKET);
    if (bucket >= this.#dirty.length) this.#growDirty(bucket + 1);
    this.#dirty[bucket] = 1;
    if (!this.#active || !this.#pending.has(bucket)) return;
    if (key >= this.#stamps.length) this.#grow(key + 1);
    if (this.#stamps[key] === this.#picture) return;
    this.#save(bucket, key);
  }

  /** All keys go; false while a picture is being taken, of which they must be saved one by one. */
  touchAll(): boolean {
    if (this.#active) return false;
    this.#dirty.fill(1, 0, Math.ceil(this.#source.keyBound() / KEYS_PER_BUCKET));
    return true;
  }

  /** Takes the picture; the steps draw it. An undefined step is one that has nothing to give yet. To be drained, or ended by `return`. */
  begin(full: boolean): IterableIterator<SnapshotChunk | undefined, void> {
    const bound = this.#source.keyBound();
    this.#grow(bound);
    this.#picture++;
    this.#active = true;
    const all = Math.ceil(bound / KEYS_PER_BUCKET);
    if (all > this.#dirty.length) this.#growDirty(all);
    this.#pending = new Set(full ? Array.from({ length: all }, (_, bucket) => bucket) : this.#dirtyBuckets());
    this.#dirty.fill(0);
    for (const bucket of this.#pending) this.#chunksOf.set(bucket, 0);
    const begun = [...this.#pending];
    return endable(this.#steps(begun, bound), (drawn) => this.#end(begun, drawn));
  }

  /** Keys of all chunks that the state consists of, once the picture has been drawn. */
  chunkKeys(): string[] {
    return [...this.#chunksOf].flatMap(([bucket, count]) =>
      Array.from({ length: count }, (_, part) => `${this.#prefix}/${bucket}.${part}`),
    );
  }

  *#steps(begun: readonly number[], bound: number): Generator<SnapshotChunk | undefined, void> {
    for (const bucket of begun) {
      const end = Math.min(bound, (bucket + 1) * KEYS_PER_BUCKET);
      for (let key = bucket * KEYS_PER_BUCKET; key < end; key++) {
        if (this.#stamps[key] !== this.#picture) this.#save(bucket, key);
        if (key % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield this.#ready.shift();
      }
      this.#pending.delete(bucket);
      this.#finish(bucket);
      while (this.#ready.length > 0) yield this.#ready.shift();
    }
  }

  #end(begun: readonly number[], drawn: boolean): void {
    this.#active = false;
    this.#pending.clear();
    this.#open.clear();
    this.#ready = [];
    // What was drawn has not been stored either when the picture was given up.
    if (!drawn) for (const bucket of begun) this.#dirty[bucket] = 1;
  }

  #save(bucket: number, key: number): void {
    this.#stamps[key] = this.#picture;
    if (!this.#source.exists(key)) return;
    let open = this.#open.get(bucket);
    if (open === undefined) {
      open = { collected: this.#source.begin(), bytes: 0 };
      this.#open.set(bucket, open);
    }
    open.bytes += this.#source.add(open.collected, key);
    if (open.bytes >= CHUNK_BYTES) this.#finish(bucket);
  }

  #finish(bucket: number): void {
    const open = this.#open.get(bucket);
    if (open === undefined) return;
    this.#open.delete(bucket);
    const part = this.#chunksOf.get(bucket) ?? 0;
    this.#chunksOf.set(bucket, part + 1);
    this.#ready.push(this.#source.encode(open.collected, `${this.#prefix}/${bucket}.${part}`));
  }

  #dirtyBuckets(): number[] {
    return [...this.#dirty.keys()].filter((bucket) => this.#dirty[bucket] === 1);
  }

  #growDirty(buckets: number): void {
    this.#dirty = lengthened(this.#dirty, 2 * buckets);
  }

  #grow(size: number): void {
    if (size <= this.#stamps.length) return;
    this.#stamps = lengthened(this.#stamps, Math.ceil(size * 1.5));
  }
}
