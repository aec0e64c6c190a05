/** Sink `stdout:`: one line per message on standard output, waiting for a slow reader. */
import type { Writable } from 'node:stream';
import { Type } from 'typebox';
import { lines } from './line-framing.ts';
import { type Sink, SinkError, type SinkKind } from './sink.ts';

export const stdoutKind: SinkKind = {
  protocol: 'stdout',
  summary: 'one line per alert on standard output',
  example: 'stdout:',
  transports: [],
  defaultFormat: 'ecs',
  options: Type.Object({}, { additionalProperties: false }),
  traits: () => ({ queued: false, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY }),
  open: () => createStreamSink(process.stdout),
};

/** Does not end the stream when closed: it belongs to the caller. */
export function createStreamSink(stream: Writable): Sink {
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure = error;
  };
  stream.on('error', onError);
  return {
    send: (messages) =>
      new Promise((resolve, reject) => {
        const refuse = (cause: Error): void =>
          // A reader that went away (EPIPE) does not come back.
          reject(new SinkError('the reader of standard output is gone', { retryable: false, cause }));
        if (failure !== undefined) refuse(failure);
        else stream.write(lines(messages.map(({ body }) => body)), (error) => (error ? refuse(error) : resolve()));
      }),
    close: async () => {
      stream.off('error', onError);
    },
  };
}
