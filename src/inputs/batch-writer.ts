/**
 * Packs framed records into batches: one array of bytes and three of numbers, no object and no copy per record. A record that lies
 * in the chunk being framed is a range in it; one that a framer put together itself is copied into a slab beside it. Batches leave
 * in the order of their records. Waiting bytes are known, so that the reader can hold its sender back.
 *
 * Ownership: a chunk given to `begin` must not change until the batches made of it are settled.
 */
import { type RecordBatch, type RecordSource, SETTLED } from '../core/record.ts';
import type { EmitRecord } from '../frame/framer.ts';
import type { InputContext } from './input.ts';

const FIRST_RECORDS = 64;
const MAX_RECORDS = 65_536;
const SLAB_BYTES = 16_384;

/** Position numbers of a receiver; shared by all sources that have the same id. */
export interface Sequence {
  next: number;
}

export interface BatchWriterOptions {
  /** Numbers the records of a source that cannot be replayed and has no lines; without it offsets and lines are the framer's. */
  readonly sequence?: Sequence;
  /** Ordinal of the first record. */
  readonly firstRecord?: number;
}

export class BatchWriter {
  readonly #context: InputContext;
  readonly #source: RecordSource;
  readonly #sequence: Sequence | undefined;
  #record: number;
  #chunk: Uint8Array = new Uint8Array(0);
  /** What the ranges of the batch being made refer to; undefined when it is empty. */
  #bytes: Uint8Array | undefined;
  #slabUsed = 0;
  #count = 0;
  #recordBytes = 0;
  #ranges = new Uint32Array(2 * FIRST_RECORDS);
  #positions = new Float64Array(FIRST_RECORDS);
  #lines = new Float64Array(FIRST_RECORDS);
  #hasLines = false;
  #waitingBytes = 0;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly by: unknown } | undefined;
  #wakeUps: (() => void)[] = [];

  constructor(context: InputContext, source: RecordSource, options: BatchWriterOptions = {}) {
    this.#context = context;
    this.#source = source;
    this.#sequence = options.sequence;
    this.#record = options.firstRecord ?? 0;
  }

  /** Bytes of records that are pushed and not settled. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Ordinal of the next record. */
  get nextRecord(): number {
    return this.#record + this.#count;
  }

  /** Sets the chunk that records are about to be emitted from. */
  begin(chunk: Uint8Array): void {
    // Asking an array for its buffer is a call into the runtime: nearly always it is the same array.
    if (chunk === this.#chunk) return;
    if (chunk.buffer !== this.#chunk.buffer) this.flush();
    this.#chunk = chunk;
  }

  readonly emit: EmitRecord = ({ bytes, start, end, position, line }) => {
    if (this.#count === MAX_RECORDS) this.flush();
    let from = start;
    if (bytes === this.#chunk || bytes.buffer === this.#chunk.buffer) {
      if (this.#bytes !== this.#chunk) {
        this.flush();
        this.#bytes = this.#chunk;
      }
      if (bytes !== this.#chunk) from += bytes.byteOffset - this.#chunk.byteOffset;
    } else {
      from = this.#copy(bytes, start, end);
    }
    this.#add(from, from + end - start, position, line);
  };

  /** Pushes what was collected; `settled` tells when it is done. */
  flush(): void {
    if (this.#count === 0 || this.#bytes === undefined) return;
    // No more than the records of this batch: a slab that fills slowly is not handed on whole with each of them.
    const start = this.#ranges[0] ?? 0;
    const end = this.#ranges[2 * this.#count - 1] ?? start;
    const ranges = new Uint32Array(2 * this.#count);
    for (let i = 0; i < ranges.length; i++) ranges[i] = (this.#ranges[i] ?? 0) - start;
    const batch: RecordBatch = {
      source: this.#source,
      bytes: this.#bytes.subarray(start, end),
      count: this.#count,
      ranges,
      positions: this.#positions.slice(0, this.#count),
      basePosition: 0,
      ...(this.#hasLines && { lines: this.#lines.slice(0, this.#count) }),
      baseRecord: this.#record,
      arrivalMs: this.#context.now(),
    };
    this.#record += this.#count;
    const recordBytes = this.#recordBytes;
    this.#count = 0;
    this.#recordBytes = 0;
    this.#bytes = undefined;
    this.#hasLines = false;
    this.#push(batch, recordBytes);
  }

  /** Resolves when fewer than `bytes` are waiting. */
  async room(bytes: number): Promise<void> {
    while (this.#waitingBytes >= bytes && this.#failure === undefined) await this.#change();
  }

  /** Resolves when all that was flushed until now is settled. Rejects when the intake failed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#inFlight]);
    if (this.#failure !== undefined) throw this.#failure.by;
  }

  #push(batch: RecordBatch, recordBytes: number): void {
    const { counters } = this.#context;
    counters.add('received_records', batch.count);
    counters.add('pushed_records', batch.count);
    counters.add('pushed_batches');
    const settled = this.#handOn(batch);
    // Nearly every batch of a live input.
    if (settled === SETTLED) {
      counters.add('settled_records', batch.count);
      return;
    }
    this.#waitingBytes += recordBytes;
    const waiting = this.#settle(settled, batch.count, recordBytes).finally(() => this.#inFlight.delete(waiting));
    this.#inFlight.add(waiting);
  }

  /** An intake fails for bugs only, at once or later: both are told of. */
  #handOn(batch: RecordBatch): Promise<void> {
    try {
      return this.#context.intake.push(batch);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #settle(settled: Promise<void>, count: number, recordBytes: number): Promise<void> {
    const { counters } = this.#context;
    try {
      await settled;
      counters.add('settled_records', count);
    } catch (error) {
      // Nothing is acknowledged then.
      this.#failure ??= { by: error };
      counters.error('ENV_INTAKE_FAILED');
      this.#context.report('ENV_INTAKE_FAILED', `records could not be handed on: ${String(error)}`);
    } finally {
      this.#waitingBytes -= recordBytes;
      const wakeUps = this.#wakeUps;
      this.#wakeUps = [];
      for (const wake of wakeUps) wake();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUps.push(resolve);
    });
  }

  #copy(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const slab = this.#bytes;
    if (slab === undefined || slab === this.#chunk || this.#slabUsed + length > slab.length) {
      this.flush();
      this.#bytes = new Uint8Array(Math.max(length, SLAB_BYTES));
      this.#slabUsed = 0;
    }
    const at = this.#slabUsed;
    (this.#bytes as Uint8Array).set(bytes.subarray(start, end), at);
    this.#slabUsed += length;
    return at;
  }

  #add(start: number, end: number, position: number, line: number): void {
    const index = this.#count++;
    if (index === this.#positions.length) this.#grow();
    this.#recordBytes += end - start;
    this.#ranges[2 * index] = start;
    this.#ranges[2 * index + 1] = end;
    if (this.#sequence !== undefined) {
      this.#positions[index] = this.#sequence.next++;
      return;
    }
    this.#positions[index] = position;
    this.#lines[index] = line;
    if (line !== 0) this.#hasLines = true;
  }

  #grow(): void {
    const size = this.#positions.length * 2;
    this.#ranges = extended(this.#ranges, new Uint32Array(2 * size));
    this.#positions = extended(this.#positions, new Float64Array(size));
    this.#lines = extended(this.#lines, new Float64Array(size));
  }
}

function extended<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
