/**
 * Chunks of GELF over UDP: a message longer than one datagram goes out in at most 128 chunks, each with the magic bytes 1e 0f, the 8-byte
 * message id, its number and the count (GELF specification, "Chunking").
 */

const HEADER_BYTES = 12;
const MAX_CHUNKS = 128;

/** The message alone when it fits, else its chunks. Undefined when it needs more than 128. */
export function gelfDatagrams(message: Uint8Array, chunkBytes: number, messageId: bigint): Uint8Array[] | undefined {
  if (message.length <= chunkBytes) return [message];
  const bodyBytes = chunkBytes - HEADER_BYTES;
  const count = Math.ceil(message.length / bodyBytes);
  if (count > MAX_CHUNKS) return undefined;
  return Array.from({ length: count }, (_, number) => {
    const body = message.subarray(number * bodyBytes, (number + 1) * bodyBytes);
    const chunk = Buffer.alloc(HEADER_BYTES + body.length);
    chunk.writeUInt16BE(0x1e0f, 0);
    chunk.writeBigUInt64BE(BigInt.asUintN(64, messageId), 2);
    chunk[10] = number;
    chunk[11] = count;
    chunk.set(body, HEADER_BYTES);
    return chunk;
  });
}

/** Longest message that chunks of this size can carry. */
export function maxGelfBytes(chunkBytes: number): number {
  return (chunkBytes - HEADER_BYTES) * MAX_CHUNKS;
}
