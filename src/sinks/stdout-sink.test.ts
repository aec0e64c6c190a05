import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createStreamSink } from './stdout-sink.ts';

const message = (text: string) => ({ id: text, body: Buffer.from(text) });

describe('stdout sink', () => {
  it('writes one line per message, a stray line end included', async () => {
    const stream = new PassThrough();
    const sink = createStreamSink(stream);
    await sink.send([message('{"a":1}'), message('b\nc')]);
    await sink.close();
    expect(stream.read().toString()).toBe('{"a":1}\nb c\n');
  });

  it('gives up for good when the reader is gone', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    });
    const sink = createStreamSink(stream);
    await expect(sink.send([message('a')])).rejects.toMatchObject({ retryable: false, delivered: 0 });
    await expect(sink.send([message('b')])).rejects.toMatchObject({ retryable: false });
    await sink.close();
  });
});
