/**
 * Chunked GELF: datagrams `1e 0f`, eight bytes of message id, sequence number, sequence count, data. Chunks of many messages come
 * interleaved, out of order and twice; all of one message must come from one sender within five seconds, at most 128 of them
 * (GELF 1.1, "Chunking"). Messages are held oldest first, so that expiry and eviction take from the front in O(1).
 * Bound: payload plus a fixed charge per message and chunk stays under `maxBytes`; beyond it the oldest message goes, counted.
 */

const GELF_HEADER_BYTES = 12;
const MAX_GELF_CHUNKS = 128;
const GELF_TIMEOUT_MS = 5000;

/** Why chunks were given up; closed set, becomes a counter label. Each is counted once per message or per odd datagram. */
export type ChunkProblem = 'bad_chunk' | 'duplicate_chunk' | 'chunks_expired' | 'chunks_evicted';

export interface GelfChunkOptions {
  readonly maxBytes: number;
  readonly timeoutMs?: number;
  readonly drop: (reason: ChunkProblem, sample: Uint8Array) => void;
}

interface Partial {
  readonly chunks: (Uint8Array | undefined)[];
  readonly firstMs: number;
  present: number;
  bytes: number;
  charge: number;
}

const MESSAGE_CHARGE_BYTES = 256 + 8 * MAX_GELF_CHUNKS;
const CHUNK_CHARGE_BYTES = 96;

export function isGelfChunk(datagram: Uint8Array): boolean {
  return datagram.length >= 2 && datagram[0] === 0x1e && datagram[1] === 0x0f;
}

export class GelfChunks {
  readonly #maxBytes: number;
  readonly #timeoutMs: number;
  readonly #drop: GelfChunkOptions['drop'];
  readonly #messages = new Map<string, Partial>();
  #heldBytes = 0;

  constructor(options: GelfChunkOptions) {
    this.#maxBytes = options.maxBytes;
    this.#timeoutMs = options.timeoutMs ?? GELF_TIMEOUT_MS;
    this.#drop = options.drop;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get heldMessages(): number {
    return this.#messages.size;
  }

  /**
   * Takes a datagram for which `isGelfChunk` holds; copies what it keeps.
   * @param sender address and port; ids of different senders may be equal. Undefined: not known; chunks of anybody that come later are
   *   of the same message then, if they have its id
   * @returns the whole message once its last chunk has come
   */
  add(datagram: Uint8Array, sender: string | undefined, nowMs: number): Uint8Array | undefined {
    this.expire(nowMs);
    const sequence = datagram[10] as number;
    const count = datagram[11] as number;
    if (datagram.length < GELF_HEADER_BYTES || count === 0 || count > MAX_GELF_CHUNKS || sequence >= count) {
      this.#drop('bad_chunk', datagram);
      return undefined;
    }
    if (count === 1) return new Uint8Array(datagram.subarray(GELF_HEADER_BYTES));
    const id = idOf(datagram);
    const key = sender === undefined || this.#messages.has(id) ? id : `${id} ${sender}`;
    const message = this.#messages.get(key) ?? this.#open(key, count, nowMs);
    if (message.chunks.length !== count) {
      this.#drop('bad_chunk', datagram);
      return undefined;
    }
    if (message.chunks[sequence] !== undefined) {
      this.#drop('duplicate_chunk', datagram);
      return undefined;
    }
    const data = new Uint8Array(datagram.subarray(GELF_HEADER_BYTES));
    message.chunks[sequence] = data;
    message.present++;
    message.bytes += data.length;
    message.charge += data.length + CHUNK_CHARGE_BYTES;
    this.#heldBytes += data.length + CHUNK_CHARGE_BYTES;
    if (message.present === count) {
      this.#forget(key, message);
      return joinChunks(message);
    }
    this.#evict();
    return undefined;
  }

  /** Gives up messages whose first chunk came too long ago. */
  expire(nowMs: number): void {
    for (const [key, message] of this.#messages) {
      if (nowMs - message.firstMs < this.#timeoutMs) return;
      this.#giveUp(key, message, 'chunks_expired');
    }
  }

  /** At the end: what is held will not be completed. */
  clear(): void {
    for (const [key, message] of this.#messages) this.#giveUp(key, message, 'chunks_expired');
  }

  #open(key: string, count: number, nowMs: number): Partial {
    const chunks = new Array<Uint8Array | undefined>(count).fill(undefined);
    const message: Partial = { chunks, firstMs: nowMs, present: 0, bytes: 0, charge: MESSAGE_CHARGE_BYTES };
    this.#messages.set(key, message);
    this.#heldBytes += MESSAGE_CHARGE_BYTES;
    return message;
  }

  #evict(): void {
    for (const [key, message] of this.#messages) {
      if (this.#heldBytes <= this.#maxBytes) return;
      this.#giveUp(key, message, 'chunks_evicted');
    }
  }

  #giveUp(key: string, message: Partial, reason: ChunkProblem): void {
    this.#forget(key, message);
    this.#drop(reason, message.chunks.find((chunk) => chunk !== undefined) ?? new Uint8Array(0));
  }

  #forget(key: string, message: Partial): void {
    this.#messages.delete(key);
    this.#heldBytes -= message.charge;
  }
}

function joinChunks(message: Partial): Uint8Array {
  const whole = new Uint8Array(message.bytes);
  let at = 0;
  for (const chunk of message.chunks) {
    if (chunk === undefined) continue;
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The message id as a string of eight characters. */
function idOf(datagram: Uint8Array): string {
  let id = '';
  for (let k = 2; k < 10; k++) id += String.fromCharCode(datagram[k] as number);
  return id;
}
