import { Buffer } from 'node:buffer';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATAGRAM_LIMITS, detectCompression, inflate, inflateMessage } from './compression.ts';
import { type Chunks, InflateError, inflateDetected, inflateStream } from './inflate-stream.ts';

/** `{"a":1}` and a newline through `zstd --no-check` and `zstd`. */
const ZSTD_PLAIN = Buffer.from('28b52ffd0058410000' + '7b2261223a317d0a', 'hex');
const ZSTD_CHECKSUM = Buffer.from('28b52ffd0458410000' + '7b2261223a317d0a' + 'e2efece0', 'hex');
const SKIPPABLE = Buffer.from('502a4d1803000000616263', 'hex');
/** One RLE block of 128 KiB of "a" per 4 bytes, `blocks` of them. */
function zstdBomb(blocks: number): Buffer {
  const block = (last: boolean): Buffer => {
    const header = ((128 << 10) << 3) | (1 << 1) | (last ? 1 : 0);
    return Buffer.from([header & 255, (header >> 8) & 255, header >> 16, 0x61]);
  };
  const body = Array.from({ length: blocks }, (_, i) => block(i === blocks - 1));
  return Buffer.concat([Buffer.from('28b52ffd0060', 'hex'), ...body]);
}

function text(result: ReturnType<typeof inflate>): string {
  return 'bytes' in result ? Buffer.from(result.bytes).toString() : result.problem;
}

async function* chunksOf(bytes: Uint8Array, size: number): Chunks {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(chunks: Chunks): Promise<string> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) parts.push(chunk.slice());
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return `${Buffer.concat(parts).length} bytes, then ${error.problem}`;
  }
  return Buffer.concat(parts).toString();
}

describe('detectCompression', () => {
  it('tells gzip, zlib at all levels, zstd and its skippable frames', () => {
    const zlib = [0, 1, 6, 9].map((level) => deflateSync('abc', { level }));
    expect(zlib.map((bytes) => detectCompression(bytes))).toEqual(['zlib', 'zlib', 'zlib', 'zlib']);
    expect([gzipSync('x'), ZSTD_PLAIN, SKIPPABLE].map((bytes) => detectCompression(bytes))).toEqual([
      'gzip',
      'zstd',
      'zstd',
    ]);
  });

  it('takes JSON, syslog and empty input for what they are', () => {
    for (const plain of ['', '{', '{"a":1}', '<34>1 2024', '[{', 'abc'])
      expect(detectCompression(Buffer.from(plain))).toBeUndefined();
  });
});

describe('inflateMessage', () => {
  it('inflates gzip with several members, zlib, and zstd with skippable and several frames', () => {
    const all = [
      Buffer.concat([gzipSync('{"a":1}'), gzipSync('\n')]),
      deflateSync('{"a":1}\n'),
      ZSTD_PLAIN,
      ZSTD_CHECKSUM,
      Buffer.concat([SKIPPABLE, ZSTD_PLAIN]),
    ];
    for (const bytes of all) expect(text(inflateMessage(bytes, DATAGRAM_LIMITS))).toBe('{"a":1}\n');
    expect(text(inflateMessage(Buffer.concat([ZSTD_CHECKSUM, ZSTD_PLAIN]), DATAGRAM_LIMITS))).toBe(
      '{"a":1}\n{"a":1}\n',
    );
  });

  it('takes text that begins like a zlib header as text', () => {
    for (const plain of ['x^2 + y^2', 'HK says hello', '8O later'])
      expect(text(inflateMessage(Buffer.from(plain), DATAGRAM_LIMITS))).toBe(plain);
  });

  it('gives up bombs of every kind by size and by ratio', () => {
    const zeros = Buffer.alloc(8 << 20);
    expect(text(inflateMessage(gzipSync(zeros), DATAGRAM_LIMITS))).toBe('inflates_too_far');
    expect(text(inflateMessage(deflateSync(zeros), DATAGRAM_LIMITS))).toBe('inflates_too_far');
    expect(text(inflateMessage(zstdBomb(100), DATAGRAM_LIMITS))).toBe('inflates_too_far');
    const byRatio = { maxBytes: 1 << 30, maxRatio: 100, maxWindowBytes: 8 << 20 };
    expect(text(inflate(gzipSync(zeros), 'gzip', byRatio))).toBe('inflates_too_far');
    expect(text(inflate(zstdBomb(10), 'zstd', byRatio))).toBe('inflates_too_far');
  });

  it('gives up a message of very many zstd frames, each of which would take a window', () => {
    const frames = Buffer.concat(Array.from({ length: 17 }, () => ZSTD_PLAIN));
    expect(text(inflateMessage(frames, DATAGRAM_LIMITS))).toBe('inflates_too_far');
  });

  it('refuses a zstd window beyond the limit before taking memory for it', () => {
    // Window descriptor 0xa8: 2 GiB.
    expect(text(inflate(Buffer.from('28b52ffd00a8010000', 'hex'), 'zstd', DATAGRAM_LIMITS))).toBe('inflates_too_far');
  });

  it('names damaged and cut-off data as such', () => {
    const gzip = gzipSync('{"a":1}');
    for (const bytes of [gzip.subarray(0, 12), Buffer.concat([gzip.subarray(0, 10), Buffer.from('damaged')])])
      expect(text(inflate(bytes, 'gzip', DATAGRAM_LIMITS))).toBe('bad_compression');
    for (let cut = 1; cut < ZSTD_CHECKSUM.length; cut++)
      expect(text(inflate(ZSTD_CHECKSUM.subarray(0, cut), 'zstd', DATAGRAM_LIMITS))).toBe('bad_compression');
  });

  it('never throws on random bytes behind a magic', () => {
    const magics = ['1f8b08', '789c', '28b52ffd', '502a4d18', ''].map((hex) => Buffer.from(hex, 'hex'));
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 300 }), (magic, rest) => {
        const result = inflateMessage(Buffer.concat([magic, rest]), DATAGRAM_LIMITS);
        expect('bytes' in result || result.problem !== undefined).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('inflateDetected', () => {
  const limits = { maxBytes: 1 << 30, maxRatio: 1000, maxWindowBytes: 8 << 20 };

  it.each([1, 2, 7, 1000])('gives the same in pieces of %i bytes', async (size) => {
    const plain = '{"a":1}\n'.repeat(500);
    for (const bytes of [Buffer.from(plain), gzipSync(plain), deflateSync(plain)])
      expect(await collect(inflateDetected(chunksOf(bytes, size), limits))).toBe(plain);
    const frames = Buffer.concat([ZSTD_PLAIN, SKIPPABLE, ZSTD_CHECKSUM, SKIPPABLE]);
    expect(await collect(inflateDetected(chunksOf(frames, size), limits))).toBe('{"a":1}\n{"a":1}\n');
    const members = Buffer.concat([gzipSync('one'), gzipSync('two')]);
    expect(await collect(inflateDetected(chunksOf(members, size), limits))).toBe('onetwo');
  });

  it('inflates thousands of frames in one chunk', async () => {
    const frames = Buffer.concat(Array.from({ length: 2_000 }, () => ZSTD_PLAIN));
    expect((await collect(inflateDetected(chunksOf(frames, 1 << 20), limits))).length).toBe(2_000 * 8);
  });

  it('takes empty and tiny streams', async () => {
    expect(await collect(inflateDetected(chunksOf(Buffer.from(''), 1), limits))).toBe('');
    expect(await collect(inflateDetected(chunksOf(Buffer.from('ab'), 1), limits))).toBe('ab');
  });

  it('gives what came before damage, then says so', async () => {
    const zstd = Buffer.concat([ZSTD_PLAIN, ZSTD_PLAIN.subarray(0, 12)]);
    expect(await collect(inflateDetected(chunksOf(zstd, 5), limits))).toBe('8 bytes, then bad_compression');
    expect(await collect(inflateDetected(chunksOf(gzipSync('abc').subarray(0, 12), 5), limits))).toMatch(
      /bad_compression/,
    );
  });

  it('stops a bomb at the limit', async () => {
    const small = { ...limits, maxBytes: 3 << 20 };
    expect(await collect(inflateDetected(chunksOf(gzipSync(Buffer.alloc(16 << 20)), 1000), small))).toMatch(
      /inflates_too_far/,
    );
    expect(await collect(inflateDetected(chunksOf(zstdBomb(1000), 1000), small))).toMatch(/inflates_too_far/);
    expect(await collect(inflateDetected(chunksOf(zstdBomb(1000), 1000), limits))).toMatch(/inflates_too_far/);
  });

  it('takes deflate with and without the zlib header', async () => {
    for (const bytes of [deflateSync('abc'), deflateRawSync('abc')])
      expect(await collect(inflateStream(chunksOf(bytes, 2), 'deflate', limits))).toBe('abc');
  });
});
