/**
 * Datagrams to records, without the socket: chunks are joined, compression undone, JSON values and lines told apart, all packed
 * into slabs. A batch leaves when its slab is full or when `flush` is called, at the end of the event-loop turn, so that a lone
 * event is answered at once. What exceeds the limits is dropped and counted: UDP cannot make a sender wait.
 */
import { Buffer } from 'node:buffer';
import type { RecordSource } from '../core/record.ts';
import { DATAGRAM_LIMITS, detectCompression, type InflateLimits, inflateMessage } from '../frame/compression.ts';
import { emptyRecord } from '../frame/emitted-record.ts';
import { isFlatObject } from '../frame/flat-object.ts';
import { GelfChunks, isGelfChunk } from '../frame/gelf-chunks.ts';
import { JsonStreamFramer } from '../frame/json-stream-framer.ts';
import { BatchWriter, type Sequence } from './batch-writer.ts';
import { countDrop } from './drop-reasons.ts';
import type { DatagramLimits, InputContext } from './input.ts';
import { type DatagramTarget, MOST_DATAGRAM_BYTES } from './waiting-datagrams.ts';

const SLAB_BYTES = 256 << 10;
const BRACE = 0x7b;
/** Chunks came a moment ago: more will, of which must be known who has sent them. */
const CHUNKS_EXPECTED_MS = 60_000;

/** Whom a datagram is from. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

export class DatagramReceiver implements DatagramTarget {
  readonly #context: InputContext;
  readonly #options: DatagramLimits;
  readonly #limits: InflateLimits;
  readonly #writer: BatchWriter;
  readonly #chunks: GelfChunks;
  readonly #framer: JsonStreamFramer;
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  #emitted = 0;
  /** Counted when the turn is over. */
  #datagrams = 0;
  #bytes = 0;
  #wantsSenders = false;
  #lastChunkMs = 0;
  readonly #record = emptyRecord();
  /** What the framer is given, and where it begins in the slab. */
  #framed: Uint8Array = this.#slab;
  #framedAt = 0;

  constructor(context: InputContext, source: RecordSource, sequence: Sequence, options: DatagramLimits) {
    this.#context = context;
    this.#options = options;
    this.#limits = { ...DATAGRAM_LIMITS, maxBytes: options.maxInflatedBytes };
    this.#writer = new BatchWriter(context, source, { sequence });
    this.#framer = new JsonStreamFramer({ maxRecordBytes: options.maxRecordBytes });
    this.#chunks = new GelfChunks({
      maxBytes: options.chunkBytes,
      drop: (reason, sample) => countDrop(context, reason, sample),
    });
  }

  /** Copies what it keeps of `datagram`. */
  take(datagram: Buffer, sender: Sender): void {
    if (this.#admits(datagram.length)) this.#takeAdmitted(datagram, sender);
  }

  landing(): Buffer {
    this.#makeRoom(MOST_DATAGRAM_BYTES);
    return this.#slab;
  }

  get landingStart(): number {
    return this.#used;
  }

  takeLanded(length: number): void {
    if (!this.#admits(length)) return;
    const start = this.#used;
    const datagram = this.#slab.subarray(start, start + length);
    if (datagram[0] === BRACE) this.#frameAt(start, datagram);
    else this.#takeAdmitted(datagram, undefined);
  }

  get wantsSenders(): boolean {
    return this.#wantsSenders;
  }

  #admits(length: number): boolean {
    this.#datagrams++;
    this.#bytes += length;
    if (this.#context.intake.pressure < 1 && this.#writer.waitingBytes < this.#options.pendingBytes) return true;
    countDrop(this.#context, 'pressure');
    return false;
  }

  #takeAdmitted(datagram: Buffer, sender: Sender | undefined): void {
    if (!isGelfChunk(datagram)) {
      this.#takeMessage(datagram);
      return;
    }
    const { counters } = this.#context;
    counters.add('received_chunks');
    this.#lastChunkMs = this.#context.now();
    this.#wantsSenders = true;
    const from = sender === undefined ? undefined : `${sender.address}:${sender.port}`;
    const message = this.#chunks.add(datagram, from, this.#lastChunkMs);
    counters.set('chunk_bytes', this.#chunks.heldBytes);
    if (message !== undefined) this.#takeMessage(bufferOf(message));
  }

  /** Pushes what was taken since the last call, and counts it. */
  flush(): void {
    const { counters } = this.#context;
    if (this.#datagrams > 0) {
      counters.add('received_datagrams', this.#datagrams);
      counters.add('received_bytes', this.#bytes);
      this.#datagrams = 0;
      this.#bytes = 0;
    }
    this.#writer.flush();
    this.#reuse();
  }

  expireChunks(): void {
    const nowMs = this.#context.now();
    this.#chunks.expire(nowMs);
    if (nowMs - this.#lastChunkMs > CHUNKS_EXPECTED_MS) this.#wantsSenders = false;
    this.#context.counters.set('chunk_bytes', this.#chunks.heldBytes);
  }

  /** Pushes the rest and resolves when all is settled. */
  async finish(): Promise<void> {
    this.#chunks.clear();
    this.flush();
    await this.#writer.settled();
  }

  #takeMessage(message: Buffer): void {
    if (message[0] === BRACE || detectCompression(message) === undefined) {
      this.#frame(message);
      return;
    }
    const inflated = inflateMessage(message, this.#limits);
    if ('problem' in inflated) countDrop(this.#context, inflated.problem, message.subarray(0, 1024));
    else this.#frame(bufferOf(inflated.bytes));
  }

  #frame(message: Buffer): void {
    this.#makeRoom(message.length);
    this.#slab.set(message, this.#used);
    this.#frameAt(this.#used, message);
  }

  /** Memory behind what is used, for so many bytes. */
  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#slab.length) return;
    this.#writer.flush();
    this.#reuse();
    if (bytes <= this.#slab.length - this.#used) return;
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    this.#used = 0;
  }

  /** What nobody waits for any more is written over: memory that the processor has at hand. */
  #reuse(): void {
    if (this.#writer.waitingBytes === 0) this.#used = 0;
  }

  /** `message` stands in the slab, from `start` on. */
  #frameAt(start: number, message: Buffer): void {
    // NUL and newline at the end are habits of senders, not content.
    let end = message.length;
    while (end > 0 && ((message[end - 1] as number) === 0 || (message[end - 1] as number) === 0x0a)) end--;
    const content = end === message.length ? message : message.subarray(0, end);
    this.#used = start + end;
    this.#writer.begin(this.#slab);
    if (end <= this.#options.maxRecordBytes && isFlatObject(content)) {
      this.#emitRange(start, start + end);
      return;
    }
    this.#framed = this.#slab.subarray(start, start + end);
    this.#framedAt = start;
    this.#emitted = 0;
    this.#framer.restart(0, 0);
    this.#framer.push(this.#framed, this.#emit, this.#drop);
    this.#framer.end(this.#emit, this.#drop);
    if (this.#emitted === 0) countDrop(this.#context, 'empty');
  }

  readonly #emit: BatchWriter['emit'] = (record) => {
    this.#emitted++;
    // Nearly all are ranges of what was given; as ranges of the slab the writer knows them at once.
    if (record.bytes === this.#framed) this.#emitRange(this.#framedAt + record.start, this.#framedAt + record.end);
    else this.#writer.emit(record);
  };

  #emitRange(start: number, end: number): void {
    const record = this.#record;
    record.bytes = this.#slab;
    record.start = start;
    record.end = end;
    this.#writer.emit(record);
  }

  readonly #drop = (reason: 'too_long' | 'incomplete', sample: Uint8Array): void => {
    this.#emitted++;
    countDrop(this.#context, reason, sample);
  };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
