/**
 * Datagrams to records, without the socket: chunks are joined, compression undone, JSON values and lines told apart, all packed
 * into slabs. A batch leaves when its slab is full or when `flush` is called, at the end of the event-loop turn, so that a lone
 * event is answered at once. What exceeds the limits is dropped and counted: UDP cannot make a sender wait.
 */
import { Buffer } from 'node:buffer';
import type { RecordSource } from '../core/record.ts';
import { DATAGRAM_LIMITS, type InflateLimits, inflateMessage } from '../frame/compression.ts';
import { GelfChunks, isGelfChunk } from '../frame/gelf-chunks.ts';
import { JsonStreamFramer } from '../frame/json-stream-framer.ts';
import { BatchWriter, type Sequence } from './batch-writer.ts';
import { countDrop } from './drop-reasons.ts';
import type { DatagramLimits, InputContext } from './input.ts';

const SLAB_BYTES = 256 << 10;

export class DatagramReceiver {
  readonly #context: InputContext;
  readonly #options: DatagramLimits;
  readonly #limits: InflateLimits;
  readonly #writer: BatchWriter;
  readonly #chunks: GelfChunks;
  readonly #framer: JsonStreamFramer;
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  #emitted = 0;

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

  /** @param sender address and port; copies what it keeps of `datagram`. */
  take(datagram: Uint8Array, sender: string): void {
    const { counters, intake } = this.#context;
    counters.add('received_datagrams');
    counters.add('received_bytes', datagram.length);
    if (intake.pressure >= 1 || this.#writer.waitingBytes >= this.#options.pendingBytes) {
      countDrop(this.#context, 'pressure');
      return;
    }
    let message: Uint8Array | undefined = datagram;
    if (isGelfChunk(datagram)) {
      counters.add('received_chunks');
      message = this.#chunks.add(datagram, sender, this.#context.now());
      counters.set('chunk_bytes', this.#chunks.heldBytes);
      if (message === undefined) return;
    }
    const inflated = inflateMessage(message, this.#limits);
    if ('problem' in inflated) countDrop(this.#context, inflated.problem, message.subarray(0, 1024));
    else this.#frame(inflated.bytes);
  }

  /** Pushes what was taken since; gives up GELF messages whose time is over. */
  flush(): void {
    this.#writer.flush();
  }

  expireChunks(): void {
    this.#chunks.expire(this.#context.now());
    this.#context.counters.set('chunk_bytes', this.#chunks.heldBytes);
  }

  /** Pushes the rest and resolves when all is settled. */
  async finish(): Promise<void> {
    this.#chunks.clear();
    this.#writer.flush();
    await this.#writer.settled();
  }

  #frame(message: Uint8Array): void {
    // NUL and newline at the end are habits of senders, not content.
    let end = message.length;
    while (end > 0 && ((message[end - 1] as number) === 0 || (message[end - 1] as number) === 0x0a)) end--;
    if (this.#used + end > this.#slab.length) {
      this.#writer.flush();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, end));
      this.#used = 0;
    }
    const view = this.#slab.subarray(this.#used, this.#used + end);
    view.set(message.subarray(0, end));
    this.#used += end;
    this.#writer.begin(this.#slab);
    this.#emitted = 0;
    this.#framer.restart(0, 0);
    this.#framer.push(view, this.#emit, this.#drop);
    this.#framer.end(this.#emit, this.#drop);
    if (this.#emitted === 0) countDrop(this.#context, 'empty');
  }

  readonly #emit: BatchWriter['emit'] = (record) => {
    this.#emitted++;
    this.#writer.emit(record);
  };

  readonly #drop = (reason: 'too_long' | 'incomplete', sample: Uint8Array): void => {
    this.#emitted++;
    countDrop(this.#context, reason, sample);
  };
}
