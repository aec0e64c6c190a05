import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatagramSink } from './datagram-sink.ts';
import { MAX_DATAGRAM_BYTES } from './datagram-sender.ts';
import type { SinkContext } from './sink.ts';

const context: SinkContext = {
  name: 'out',
  now: () => 1,
  contentType: 'application/json',
  allowPrivateAddresses: false,
};
const message = (text: string) => ({ id: text, body: Buffer.from(text) });

describe('datagram sink', () => {
  let receiver: Socket;
  let port: number;
  const received: string[] = [];

  beforeEach(async () => {
    received.length = 0;
    receiver = createSocket('udp4');
    receiver.on('message', (bytes) => received.push(bytes.toString()));
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    port = (receiver.address() as AddressInfo).port;
  });
  afterEach(() => receiver.close());

  const address = () => ({ protocol: 'json', transport: 'udp', host: 'localhost', port, path: '', options: {} });
  const loopback = { ...context, lookup: async () => ({ address: '127.0.0.1', family: 4 as const }) };

  it('sends one datagram per message, in order', async () => {
    const sink = createDatagramSink(address(), loopback);
    await sink.send(Array.from({ length: 100 }, (_, i) => message(`m${i}`)));
    while (received.length < 100) await once(receiver, 'message');
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`));
    await sink.close();
    await sink.close();
  });

  it('refuses a message that no datagram holds, after sending those before it', async () => {
    const sink = createDatagramSink(address(), loopback);
    const tooLong = { id: 'x', body: Buffer.alloc(MAX_DATAGRAM_BYTES + 1) };
    await expect(sink.send([message('first'), tooLong, message('after')])).rejects.toMatchObject({
      retryable: false,
      delivered: 1,
    });
    while (received.length < 1) await once(receiver, 'message');
    expect(received).toEqual(['first']);
    await sink.close();
  });

  it('resolves the name again after a minute', async () => {
    let asked = 0;
    let now = 1;
    const lookup = async () => {
      asked++;
      return { address: '127.0.0.1', family: 4 as const };
    };
    const sink = createDatagramSink(address(), { ...context, now: () => now, lookup });
    await sink.send([message('a')]);
    await sink.send([message('b')]);
    expect(asked).toBe(1);
    now += 60_000;
    await sink.send([message('c')]);
    expect(asked).toBe(2);
    await sink.close();
  });

  it('reports a name that does not resolve as worth trying again', async () => {
    const lookup = () => Promise.reject(new Error('no such name'));
    const sink = createDatagramSink(address(), { ...context, lookup });
    await expect(sink.send([message('a')])).rejects.toThrow('no such name');
    await sink.close();
    await expect(sink.send([message('a')])).rejects.toMatchObject({ retryable: false });
  });
});
