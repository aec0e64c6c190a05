import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { ownDescriptor, ownSocketInode } from './udp-kernel-drops.ts';
import { type DatagramTarget, MOST_DATAGRAM_BYTES, WaitingDatagrams } from './waiting-datagrams.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

class Texts implements DatagramTarget {
  readonly texts: string[] = [];
  readonly #memory = Buffer.alloc(2 * MOST_DATAGRAM_BYTES);
  readonly landingStart = 100;
  wantsSenders = false;

  landing(): Buffer {
    return this.#memory;
  }

  takeLanded(length: number): void {
    const text = this.#memory.toString('utf8', this.landingStart, this.landingStart + length);
    this.texts.push(text);
    if (text === 'stop') this.wantsSenders = true;
  }
}

/** A socket whose datagrams are taken as `UdpTransport` does, and the number of those that were read. */
async function receiving(): Promise<{ target: Texts; send: (texts: readonly string[]) => void; read: () => number }> {
  const socket = await bound();
  const { port } = socket.address();
  const descriptor = ownDescriptor(ownSocketInode(port) ?? '');
  if (descriptor === undefined) throw new Error('the descriptor of the socket was not found');
  const target = new Texts();
  const waiting = new WaitingDatagrams(descriptor, target);
  let read = 0;
  let isScheduled = false;
  socket.on('message', (datagram) => {
    target.texts.push(datagram.toString());
    read += waiting.taken();
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      waiting.endOfTurn();
    });
  });
  const sender = await bound();
  await new Promise<void>((resolve) => sender.connect(port, '127.0.0.1', resolve));
  // All in one turn: the receiver takes none meanwhile.
  const send = (texts: readonly string[]): void => {
    for (const text of texts) sender.send(text);
  };
  return { target, send, read: () => read };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe.skipIf(process.platform !== 'linux')(
  `datagrams that wait${process.platform === 'linux' ? '' : ' (skipped: not Linux)'}`,
  () => {
    it('are read, each once, in their order, those without content too', async () => {
      const { target, send, read } = await receiving();
      const texts = Array.from({ length: 1200 }, (_, n) => (n % 100 === 7 ? '' : `${n} ${'x'.repeat(n % 500)}`));
      send(texts);
      await until(() => target.texts.length >= texts.length);
      expect(target.texts).toEqual(texts);
      expect(read()).toBeGreaterThan(1000);
      // The turns before tell that reads are worth their while.
      const before = read();
      send(texts.slice(0, 20));
      await until(() => target.texts.length >= texts.length + 20);
      expect(read() - before).toBe(16);
    });

    it('are left to node:dgram where few come at a time', async () => {
      const { target, send, read } = await receiving();
      for (let round = 1; round <= 5; round++) {
        send(['a', 'b', 'c', 'd', 'e']);
        await until(() => target.texts.length === 5 * round);
      }
      expect(read()).toBe(0);
    });

    it('are left to node:dgram as soon as it matters who has sent them', async () => {
      const { target, send, read } = await receiving();
      const texts = Array.from({ length: 100 }, (_, n) => (n === 30 ? 'stop' : `${n}`));
      send(texts);
      await until(() => target.texts.length === 100);
      expect(target.texts).toEqual(texts);
      expect(read()).toBe(15);
    });
  },
);
