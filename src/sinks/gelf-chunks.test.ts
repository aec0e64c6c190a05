import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gelfDatagrams, maxGelfBytes } from './gelf-chunks.ts';
import { gelfKind } from './gelf-sink.ts';

describe('GELF chunks', () => {
  it('put together give the message, whatever its length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxGelfBytes(100) }), (length) => {
        const bytes = Buffer.alloc(length, 'flint');
        const datagrams = gelfDatagrams(bytes, 100, 0xdeadn) ?? [];
        if (length <= 100) expect(datagrams).toEqual([bytes]);
        else {
          for (const [i, chunk] of datagrams.entries()) {
            expect([...chunk.subarray(0, 12)]).toEqual([0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0xde, 0xad, i, datagrams.length]);
            expect(chunk.length).toBeLessThanOrEqual(100);
          }
          expect(Buffer.concat(datagrams.map((chunk) => chunk.subarray(12))).equals(bytes)).toBe(true);
        }
      }),
    );
  });

  it('are at most 128', () => {
    expect(gelfDatagrams(Buffer.alloc(maxGelfBytes(100)), 100, 1n)).toHaveLength(128);
    expect(gelfDatagrams(Buffer.alloc(maxGelfBytes(100) + 1), 100, 1n)).toBeUndefined();
  });
});

describe('gelf sink over UDP', () => {
  it.each(['none', 'gzip'])('sends chunks (compression: %s)', async (compress) => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const address = {
      protocol: 'gelf',
      transport: 'udp',
      host: '127.0.0.1',
      port,
      path: '',
      options: { compress, chunk_bytes: 200 },
    };
    const sink = gelfKind.open(address, {
      name: 'o',
      now: () => 0,
      contentType: 'application/json',
      allowPrivateAddresses: false,
    });
    const body = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 31) % 251));
    const chunks: Buffer[] = [];
    const complete = new Promise<void>((resolve) =>
      receiver.on('message', (chunk) => {
        chunks.push(chunk);
        if (chunks.length === chunk[11]) resolve();
      }),
    );
    await sink.send([{ id: 'x', body }]);
    await complete;
    const whole = Buffer.concat(chunks.sort((a, b) => (a[10] ?? 0) - (b[10] ?? 0)).map((chunk) => chunk.subarray(12)));
    expect((compress === 'gzip' ? gunzipSync(whole) : whole).equals(body)).toBe(true);
    await sink.close();
    receiver.close();
  });
});
