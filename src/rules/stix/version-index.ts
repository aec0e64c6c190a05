/**
 * VersionIndex: which version of each object counts, in any order of arrival (STIX 2.1 section 3.6, stix-patterns.md section 13).
 * The greatest `modified` of an id wins; at equal times the first one read; a revocation withdraws the id for good. A version that
 * turns out to give nothing (`void`) overrules older ones of its own feed only: what another feed says can still be used.
 *
 * Ids are kept as 128 bits in typed arrays (the UUID itself, else a digest), 36 bytes an object, so that a million of them fit
 * in memory while a bundle is streamed. A journal undoes everything since `begin`, for a feed that breaks half-way.
 */
import { idKey, keyHash } from '../../core/stix-id.ts';
import type { WordKeys } from '../../core/word-keys.ts';

/** `take`: newer than what was known; `replaces` are the details of the older version. `old` and `revoked`: do not load. */
export type Offer =
  | { readonly verdict: 'take'; readonly entry: number; readonly replaces: number }
  | { readonly verdict: 'old' | 'revoked'; readonly entry: number; readonly replaces: number };

/** Stands for "no details": the object has no live version. */
export const NO_DETAILS = -1;

const CONTESTED = 0x8000_0000;
const NO_KEYS = new Uint32Array(0);

export interface EarlierVersion {
  readonly modified: number;
  /** `NO_DETAILS`: it gave nothing. */
  readonly details: number;
}

interface Undo {
  readonly entry: number;
  readonly modified: number;
  readonly details: number;
  readonly revoked: number;
}

export class VersionIndex {
  /** What an earlier reading of the same feed came to, asked for each id that is new here. */
  earlier: ((key: Uint32Array) => EarlierVersion | undefined) | undefined;
  /** Keys of ids that earlier loads withdrew, looked at for each id that is new here. */
  readonly #withdrawn: WordKeys | undefined;
  #count = 0;
  #keys = new Uint32Array(4 * 1024);
  #modified = new Float64Array(1024);
  #details = new Int32Array(1024);
  #revoked = new Uint8Array(1024);
  /** Which load brought the id first; one more bit once another brought it too. */
  #origin = new Uint32Array(1024);
  #load = 0;
  #slots = new Uint32Array(4096);
  #journal: Undo[] | undefined;
  /** What an entry of an earlier load was before the present one first changed it. */
  readonly #before = new Map<number, Undo>();
  /** `modified` of the newest version of the present load that gave nothing. */
  readonly #voids = new Map<number, number>();

  /** `withdrawn`: what `exportRevoked` of an earlier load returned. */
  constructor(withdrawn?: WordKeys) {
    this.#withdrawn = withdrawn;
  }

  get size(): number {
    return this.#count;
  }

  /** From here on changes can be undone; earlier ones stand. */
  begin(): void {
    this.#journal = [];
    this.#load++;
    this.#before.clear();
    this.#voids.clear();
  }

  commit(): void {
    this.#journal = undefined;
  }

  /** Undoes everything since `begin`; the callback gets the details that are live again. */
  rollback(restored: (details: number) => void): void {
    for (const undo of (this.#journal ?? []).reverse()) {
      this.#modified[undo.entry] = undo.modified;
      this.#details[undo.entry] = undo.details;
      this.#revoked[undo.entry] = undo.revoked;
      if (undo.details !== NO_DETAILS) restored(undo.details);
    }
    this.#journal = undefined;
  }

  /** `modifiedMs` is -Infinity when the object does not say. The version is taken at once; `setDetails` names its details. */
  offer(id: string, modifiedMs: number, revoked: boolean): Offer {
    const entry = this.#entryOf(id);
    const origin = this.#origin[entry] ?? 0;
    if (origin === 0) this.#origin[entry] = this.#load + 1;
    else if ((origin & 0x7fff_ffff) !== this.#load + 1) this.#origin[entry] = CONTESTED | origin;
    const replaces = this.#details[entry] ?? NO_DETAILS;
    if (this.#revoked[entry] === 1) return { verdict: 'revoked', entry, replaces: NO_DETAILS };
    const known = this.#modified[entry] ?? Number.NaN;
    if (!revoked && (modifiedMs <= known || modifiedMs <= (this.#voids.get(entry) ?? Number.NaN)))
      return { verdict: 'old', entry, replaces: NO_DETAILS };
    const undo = { entry, modified: known, details: replaces, revoked: 0 };
    this.#journal?.push(undo);
    if (origin !== 0 && (origin & 0x7fff_ffff) !== this.#load + 1 && !this.#before.has(entry))
      this.#before.set(entry, undo);
    this.#modified[entry] = Number.isNaN(known) ? modifiedMs : Math.max(known, modifiedMs);
    this.#details[entry] = NO_DETAILS;
    this.#revoked[entry] = revoked ? 1 : 0;
    return { verdict: revoked ? 'revoked' : 'take', entry, replaces };
  }

  setDetails(entry: number, details: number): void {
    this.#details[entry] = details;
  }

  /** The version taken last for the entry gives nothing. Returns the details of another feed's version that counts again. */
  void(entry: number): number {
    this.#voids.set(entry, this.#modified[entry] ?? Number.NEGATIVE_INFINITY);
    const { modified, details } = this.#before.get(entry) ?? { modified: Number.NaN, details: NO_DETAILS };
    this.#modified[entry] = modified;
    this.#details[entry] = details;
    return details;
  }

  /** Keys of all withdrawn ids, 16 bytes each, to be kept beside the compiled indicators; those of earlier loads first. */
  exportRevoked(): Uint32Array {
    const before = this.#withdrawn?.words ?? NO_KEYS;
    const since = this.#keysOf((entry) => this.#revoked[entry] === 1 && !this.#wasWithdrawn(entry));
    if (since.length === 0) return before;
    const all = new Uint32Array(before.length + since.length);
    all.set(before);
    all.set(since, before.length);
    return all;
  }

  #wasWithdrawn(entry: number): boolean {
    const [keys, at] = [this.#keys, 4 * entry];
    const found = this.#withdrawn?.find(keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0) ?? -1;
    return found >= 0;
  }

  /** Keys of the ids that more than one load brought (`begin` begins one), so that what one of them says depends on the others. */
  exportContested(): Uint32Array {
    return this.#keysOf((entry) => (this.#origin[entry] ?? 0) >= CONTESTED);
  }

  #keysOf(wanted: (entry: number) => boolean): Uint32Array {
    const entries: number[] = [];
    for (let entry = 0; entry < this.#count; entry++) if (wanted(entry)) entries.push(entry);
    const keys = new Uint32Array(4 * entries.length);
    for (const [i, entry] of entries.entries()) keys.set(this.#keys.subarray(4 * entry, 4 * entry + 4), 4 * i);
    return keys;
  }

  /** Adds withdrawn ids; the callback gets details that are withdrawn by it. */
  importRevoked(keys: Uint32Array, withdrawn: (details: number) => void): void {
    for (let at = 0; at + 4 <= keys.length; at += 4) {
      const entry = this.#entryOfKey(keys.slice(at, at + 4));
      const details = this.#details[entry] ?? NO_DETAILS;
      this.#journal?.push({
        entry,
        modified: this.#modified[entry] ?? Number.NaN,
        details,
        revoked: this.#revoked[entry] ?? 0,
      });
      if (details !== NO_DETAILS) withdrawn(details);
      this.#details[entry] = NO_DETAILS;
      this.#revoked[entry] = 1;
    }
  }

  #entryOf(id: string): number {
    return this.#entryOfKey(idKey(id));
  }

  #entryOfKey(key: Uint32Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = keyHash(key) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return this.#append(key, slot);
      const at = 4 * entry;
      const keys = this.#keys;
      if (keys[at] === key[0] && keys[at + 1] === key[1] && keys[at + 2] === key[2] && keys[at + 3] === key[3])
        return entry;
    }
  }

  #append(key: Uint32Array, slot: number): number {
    const entry = this.#count++;
    if (entry >= this.#modified.length) this.#grow();
    this.#keys.set(key, 4 * entry);
    this.#modified[entry] = Number.NaN;
    this.#details[entry] = NO_DETAILS;
    this.#revoked[entry] = this.#wasWithdrawn(entry) ? 1 : 0;
    const earlier = this.#revoked[entry] === 1 ? undefined : this.earlier?.(key);
    if (earlier !== undefined) {
      this.#modified[entry] = earlier.modified;
      this.#details[entry] = earlier.details;
    }
    this.#slots[slot] = entry + 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return entry;
  }

  #grow(): void {
    const capacity = this.#modified.length * 2;
    const [keys, modified, details, revoked] = [this.#keys, this.#modified, this.#details, this.#revoked];
    this.#keys = new Uint32Array(4 * capacity);
    this.#keys.set(keys);
    this.#modified = new Float64Array(capacity);
    this.#modified.set(modified);
    this.#details = new Int32Array(capacity);
    this.#details.set(details);
    this.#revoked = new Uint8Array(capacity);
    this.#revoked.set(revoked);
    const origin = this.#origin;
    this.#origin = new Uint32Array(capacity);
    this.#origin.set(origin);
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = keyHash(this.#keys, 4 * entry) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}
