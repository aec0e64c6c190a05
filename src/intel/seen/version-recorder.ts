/**
 * VersionRecorder: notes of each id of a feed of STIX objects the newest version that was read, whether it counts, and which values it
 * gave, so that objects added later are judged as if all had been read again.
 */
import type { StixTap } from '../../rules/stix/stix-loader.ts';
import { idKey } from '../../core/stix-id.ts';
import type { RecordTap } from './record-tap.ts';
import type { SeenRecords } from './seen-records.ts';

export class VersionRecorder implements StixTap {
  readonly #seen: SeenRecords;
  readonly #tap: RecordTap;
  readonly #onTouched: (id: string, before: Uint32Array) => void;
  readonly #onKeys: (keys: readonly number[]) => void;
  #offer: { readonly id: string; readonly modifiedMs: number; readonly isOld: boolean } | undefined;
  #isLive = false;

  /** `onTouched` is told of each id that is no longer what it was, with the hashes of the values it gave; `onKeys` of all values. */
  constructor(
    seen: SeenRecords,
    tap: RecordTap,
    onTouched: (id: string, before: Uint32Array) => void = () => undefined,
    onKeys: (keys: readonly number[]) => void = () => undefined,
  ) {
    this.#seen = seen;
    this.#tap = tap;
    this.#onTouched = onTouched;
    this.#onKeys = onKeys;
  }

  offered(id: string, modifiedMs: number, isOld: boolean): void {
    this.#offer = { id, modifiedMs, isOld };
    this.#isLive = false;
  }

  kept(): void {
    this.#isLive = true;
  }

  ended(): void {
    const { keys } = this.#tap.take();
    this.#onKeys(keys);
    const offer = this.#offer;
    this.#offer = undefined;
    if (offer === undefined) return;
    const seen = this.#seen;
    const [a = 0, b = 0, c = 0, d = 0] = idKey(offer.id);
    const record = seen.put(a, b, c, d);
    seen.setModified(record, Math.max(seen.modifiedOf(record), offer.modifiedMs));
    if (offer.isOld) return;
    this.#onTouched(offer.id, seen.keysOf(record));
    seen.setCount(record, this.#isLive ? 1 : 0);
    seen.describe(record, 0, keys);
  }
}
