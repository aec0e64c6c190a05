/**
 * SieveKeys: the paths of keys that somebody asks for, as the dictionary of the sieve's kernel. Each path has a number; those whose values
 * tell a record's kind have a second one. Only nested objects on such paths are looked into.
 */
import { ANY_KEY, type KeyManner } from '../core/record-place.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { KeyNews } from './kept-sieve.ts';
import * as layout from './sieve-memory.ts';

export type AddKey = (key: number, parent: number, text: number, length: number) => void;

export const MAX_KEYS = 8192;
export const MAX_TELLS = 1024;
/** The kernel looks no longer names up. */
const LONGEST = 200;
const ROOT = 0;

interface Key {
  readonly number: number;
  tell: number;
}

export class SieveKeys {
  readonly #memory: ScanMemory;
  readonly #add: AddKey;
  readonly #tellOthers: (news: KeyNews) => void;
  readonly #keys = new Map<string, Key>();
  #tells = 0;
  /** Where what is known of each key stands. */
  readonly info: number;
  /** A key of records is one that the walk would refuse if it did not know it: the time of the event, whatever other fields say. */
  knowsBeginTime = false;

  /** `tellOthers`: of what is new, so that others number keys alike. */
  constructor(memory: ScanMemory, add: AddKey, tellOthers: (news: KeyNews) => void) {
    this.#memory = memory;
    this.#add = add;
    this.#tellOthers = tellOthers;
    this.info = memory.allocate(MAX_KEYS * layout.INFO_BYTES);
    this.#keys.set('[]', { number: ROOT, tell: 0 });
  }

  /** Number of the path; undefined when there are too many. */
  numberOf(path: readonly string[]): number | undefined {
    return this.#keyOf(path)?.number;
  }

  /** How the object at the path is read, from now on. False when there are too many keys. */
  setManner(path: readonly string[], manner: KeyManner): boolean {
    const { flat, mayNest, blankless, closed, single } = manner;
    const key = this.#keyOf(path);
    if (key === undefined) return false;
    const isNew = this.#flag(
      key,
      (flat === true ? layout.KEY_FLAT | layout.KEY_PARENT : 0) |
        (mayNest === true ? layout.KEY_MAY_NEST : 0) |
        (blankless === true ? layout.KEY_BLANKLESS | layout.KEY_PARENT : 0) |
        (closed === true ? layout.KEY_CLOSED | layout.KEY_PARENT : 0) |
        (single === true ? layout.KEY_SINGLE : 0),
    );
    if (isNew) this.#tellOthers({ news: 'manner', path, manner });
    return true;
  }

  /** Number by which the path's value is kept to tell a kind; undefined when there are too many. `isNew`: no record was read with it. */
  tellOf(path: readonly string[]): { readonly tell: number; readonly isNew: boolean } | undefined {
    const key = this.#keyOf(path);
    if (key === undefined) return undefined;
    if (key.tell > 0) return { tell: key.tell, isNew: false };
    if (this.#tells + 1 >= MAX_TELLS) return undefined;
    key.tell = ++this.#tells;
    this.#set(key, layout.INFO_TELL, key.tell);
    this.#tellOthers({ news: 'tell', path });
    return { tell: key.tell, isNew: true };
  }

  #keyOf(path: readonly string[]): Key | undefined {
    const id = JSON.stringify(path);
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const name = path.at(-1) ?? '';
    const text = Buffer.from(name);
    const above = this.#keyOf(path.slice(0, -1));
    if (above === undefined || this.#keys.size >= MAX_KEYS || text.length > LONGEST) return undefined;
    const address = this.#memory.allocate(text.length + 16);
    new Uint8Array(this.#memory.memory.buffer, address, text.length).set(text);
    const number = this.#keys.size;
    this.#add(number, above.number, address, text.length);
    this.#flag(above, layout.KEY_PARENT);
    if (name === ANY_KEY) {
      this.#flag(above, layout.KEY_ANY);
      this.#set(above, layout.INFO_ANY, number);
    }
    if (path.length === 1 && /^_?begin_time$/i.test(name)) this.knowsBeginTime = true;
    const key = { number, tell: 0 };
    this.#keys.set(id, key);
    this.#tellOthers({ news: 'key', path });
    return key;
  }

  /** The record itself is read in one manner only: nothing is noted of it. False: nothing has changed. */
  #flag(key: Key, flags: number): boolean {
    if (key.number === ROOT) return false;
    const at = this.info + key.number * layout.INFO_BYTES + layout.INFO_FLAGS;
    const view = new DataView(this.#memory.memory.buffer);
    const before = view.getUint32(at, true);
    view.setUint32(at, before | flags, true);
    return (before | flags) !== before;
  }

  #set(key: Key, offset: number, value: number): void {
    const at = this.info + key.number * layout.INFO_BYTES + offset;
    new DataView(this.#memory.memory.buffer).setUint32(at, value, true);
  }
}
