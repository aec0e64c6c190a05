import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { DATAGRAM_LIMITS, inflateMessage } from './compression.ts';
import { type ChunkProblem, GelfChunks, isGelfChunk } from './gelf-chunks.ts';

function chunk(id: number, sequence: number, count: number, data = `${id}/${sequence};`): Buffer {
  const header = Buffer.from([0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, id, sequence, count]);
  return Buffer.concat([header, Buffer.from(data)]);
}

function reassembly(maxBytes = 1 << 20): { chunks: GelfChunks; dropped: ChunkProblem[] } {
  const dropped: ChunkProblem[] = [];
  return { chunks: new GelfChunks({ maxBytes, drop: (reason) => dropped.push(reason) }), dropped };
}

function said(message: Uint8Array | undefined): string | undefined {
  return message === undefined ? undefined : Buffer.from(message).toString();
}

describe('GelfChunks', () => {
  it('joins interleaved messages whose chunks come out of order, and counts duplicates', () => {
    const { chunks, dropped } = reassembly();
    expect(chunks.add(chunk(1, 2, 3), 's', 0)).toBeUndefined();
    expect(chunks.add(chunk(2, 1, 2), 's', 0)).toBeUndefined();
    expect(chunks.add(chunk(1, 2, 3), 's', 0)).toBeUndefined();
    expect(chunks.add(chunk(1, 0, 3), 's', 0)).toBeUndefined();
    expect(said(chunks.add(chunk(2, 0, 2), 's', 0))).toBe('2/0;2/1;');
    expect(said(chunks.add(chunk(1, 1, 3), 's', 0))).toBe('1/0;1/1;1/2;');
    expect(dropped).toEqual(['duplicate_chunk']);
    expect([chunks.heldBytes, chunks.heldMessages]).toEqual([0, 0]);
  });

  it('keeps senders with the same message id apart', () => {
    const { chunks } = reassembly();
    chunks.add(chunk(1, 0, 2, 'a'), '10.0.0.1:1', 0);
    chunks.add(chunk(1, 0, 2, 'b'), '10.0.0.2:1', 0);
    expect(said(chunks.add(chunk(1, 1, 2, 'B'), '10.0.0.2:1', 0))).toBe('bB');
    expect(said(chunks.add(chunk(1, 1, 2, 'A'), '10.0.0.1:1', 0))).toBe('aA');
  });

  it('joins by the id alone what began with a chunk of nobody knows whom', () => {
    const { chunks, dropped } = reassembly();
    chunks.add(chunk(1, 1, 3, 'b'), undefined, 0);
    chunks.add(chunk(2, 0, 2, 'x'), '10.0.0.1:1', 0);
    chunks.add(chunk(1, 0, 3, 'a'), '10.0.0.1:1', 0);
    expect(said(chunks.add(chunk(1, 2, 3, 'c'), '10.0.0.1:1', 0))).toBe('abc');
    expect(said(chunks.add(chunk(2, 1, 2, 'y'), '10.0.0.1:1', 0))).toBe('xy');
    expect([chunks.heldBytes, dropped]).toEqual([0, []]);
  });

  it('takes 128 chunks and a message of one chunk, and refuses malformed headers', () => {
    const { chunks, dropped } = reassembly();
    expect(said(chunks.add(chunk(3, 0, 1, 'x'), 's', 0))).toBe('x');
    for (let k = 127; k > 0; k--) expect(chunks.add(chunk(1, k, 128, 'x'), 's', 0)).toBeUndefined();
    expect(said(chunks.add(chunk(1, 0, 128, 'x'), 's', 0))).toBe('x'.repeat(128));
    for (const bad of [chunk(2, 0, 129), chunk(2, 0, 0), chunk(2, 2, 2), chunk(2, 0, 2).subarray(0, 11)])
      expect(chunks.add(bad, 's', 0)).toBeUndefined();
    chunks.add(chunk(4, 0, 2), 's', 0);
    chunks.add(chunk(4, 1, 3), 's', 0);
    expect(dropped).toEqual(['bad_chunk', 'bad_chunk', 'bad_chunk', 'bad_chunk', 'bad_chunk']);
  });

  it('gives a message up five seconds after its first chunk, whatever came later', () => {
    const { chunks, dropped } = reassembly();
    chunks.add(chunk(1, 0, 3), 's', 1000);
    chunks.add(chunk(1, 1, 3), 's', 5999);
    expect(dropped).toEqual([]);
    expect(chunks.add(chunk(1, 2, 3), 's', 6000)).toBeUndefined();
    expect(dropped).toEqual(['chunks_expired']);
    chunks.clear();
    expect(dropped).toEqual(['chunks_expired', 'chunks_expired']);
    expect(chunks.heldBytes).toBe(0);
  });

  it('stays under its memory limit by giving up the oldest message', () => {
    const { chunks, dropped } = reassembly(20_000);
    for (let id = 0; id < 200; id++) {
      chunks.add(chunk(id, 0, 2, 'y'.repeat(1000)), 's', 0);
      expect(chunks.heldBytes).toBeLessThanOrEqual(20_000);
    }
    expect(new Set(dropped)).toEqual(new Set(['chunks_evicted']));
    expect(dropped.length + chunks.heldMessages).toBe(200);
    expect(said(chunks.add(chunk(199, 1, 2, 'z'), 's', 0))?.length).toBe(1001);
  });

  it('keeps no view of the datagram', () => {
    const { chunks } = reassembly();
    const first = chunk(1, 0, 2, 'first');
    chunks.add(first, 's', 0);
    first.fill(0);
    expect(said(chunks.add(chunk(1, 1, 2, 'second'), 's', 0))).toBe('firstsecond');
  });
});

interface GelfCase {
  readonly transport: string;
  readonly datagrams_hex: readonly string[];
  readonly expect: Record<string, unknown> | null;
}

describe.skipIf(!hasSharedData('logs', 'gelf'))(`recorded GELF ${sharedDataMissing('logs', 'gelf')}`, () => {
  it('comes out as the expected message, or not at all', () => {
    const lines = readFileSync(sharedData('logs', 'gelf', 'gelf-cases.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const cases = lines.map((line) => JSON.parse(line) as GelfCase).filter(({ transport }) => transport !== 'tcp-null');
    expect(cases.length).toBeGreaterThan(10);
    for (const { datagrams_hex, expect: expected } of cases) {
      const { chunks } = reassembly();
      const messages: unknown[] = [];
      for (const hex of datagrams_hex) {
        const datagram = Buffer.from(hex, 'hex');
        const whole = isGelfChunk(datagram) ? chunks.add(datagram, 's', 0) : datagram;
        if (whole === undefined) continue;
        const plain = inflateMessage(whole, DATAGRAM_LIMITS);
        messages.push('bytes' in plain ? JSON.parse(Buffer.from(plain.bytes).toString()) : plain.problem);
      }
      expect(messages).toEqual(expected === null ? [] : [expected]);
    }
  });
});
