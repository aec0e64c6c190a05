import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { findSockets, ownSocketInode, readSocketQueue } from './udp-kernel-drops.ts';

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  512: 0100007F:2FA9 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 111 2 0000000000000000 17
  513: 00000000:2FA9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 222 2 0000000000000000 5
  514: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 333 2 0000000000000000 9
`;

describe('findSockets', () => {
  it('finds the sockets of a port, and the one of an inode', () => {
    expect(findSockets(TABLE, 12201, undefined)).toEqual([
      { inode: '111', drops: 17, queuedBytes: 768 },
      { inode: '222', drops: 5, queuedBytes: 0 },
    ]);
    expect(findSockets(TABLE, 12201, '222')).toEqual([{ inode: '222', drops: 5, queuedBytes: 0 }]);
    expect(findSockets(TABLE, 1, undefined)).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')(
  `readSocketQueue${process.platform === 'linux' ? '' : ' (skipped: not Linux)'}`,
  () => {
    it('sees datagrams that wait and those the kernel drops', async () => {
      const receiver = createSocket({ type: 'udp4', recvBufferSize: 4096 });
      await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve));
      const { port } = receiver.address();
      const inode = ownSocketInode(port);
      expect(inode).toMatch(/^\d+$/);
      expect(readSocketQueue(port, inode)).toEqual({ drops: 0, queuedBytes: 0 });
      const sender = createSocket('udp4');
      // Sent in one turn: the receiver reads nothing meanwhile, and its buffer holds far less.
      const sent = Promise.all(
        Array.from(
          { length: 200 },
          () => new Promise((done) => sender.send(Buffer.alloc(1000), port, '127.0.0.1', done)),
        ),
      );
      const seen = new Promise<number>((resolve) => {
        const look = (): void => {
          const drops = readSocketQueue(port, inode)?.drops ?? 0;
          if (drops > 0) resolve(drops);
          else setTimeout(look, 5);
        };
        look();
      });
      expect(await seen).toBeGreaterThan(0);
      await sent;
      sender.close();
      receiver.close();
    });
  },
);
