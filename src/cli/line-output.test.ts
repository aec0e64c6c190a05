import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LineOutput } from './line-output.ts';

const LINES = Array.from({ length: 3000 }, (_, i) => `${i} caf\u00e9 \u{1f600} ${'x'.repeat(i % 400)}`);

describe('line output', () => {
  it('writes what it is given, long lines as well', async () => {
    const stream = new PassThrough({ highWaterMark: 1 << 24 });
    const output = new LineOutput(stream);
    const lines = [...LINES, 'y'.repeat(300_000), ...LINES];
    for (const line of lines) output.write(line);
    output.flush();
    stream.end();
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(text).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  it('waits for a slow stream, and keeps the bytes that it was not rid of', async () => {
    const taken: Buffer[] = [];
    const stream = Object.assign(
      new Writable({
        highWaterMark: 1000,
        write: (chunk: Buffer, _encoding, done) => {
          setImmediate(() => {
            taken.push(Buffer.from(chunk));
            done();
          });
        },
      }),
      { fd: 1 },
    );
    const output = new LineOutput(stream);
    let waited = 0;
    for (const line of LINES) {
      const waits = output.write(line);
      if (waits !== undefined && ++waited % 2 === 0) await waits;
    }
    await output.flush();
    await new Promise((resolve) => stream.end(resolve));
    expect(waited).toBeGreaterThan(1);
    expect(Buffer.concat(taken).toString()).toBe(LINES.map((line) => `${line}\n`).join(''));
  });

  it('waits in one place, however much comes before there is room', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const output = new LineOutput(stream);
    const line = 'y'.repeat(300_000);
    const waits = Array.from({ length: 20 }, () => output.write(line));
    expect(stream.listenerCount('drain')).toBe(1);
    stream.resume();
    await Promise.all(waits);
    expect(stream.listenerCount('drain')).toBe(0);
  });
});
