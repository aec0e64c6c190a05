/**
 * Datagrams the kernel dropped because the receive buffer was full: the last column of `/proc/net/udp` and `udp6` (Linux; the
 * columns are described in proc(5)). Elsewhere the files do not exist and nothing is known.
 */
import { readFileSync, readlinkSync } from 'node:fs';

export interface SocketQueue {
  readonly drops: number;
  /** Bytes waiting in the receive buffer. */
  readonly queuedBytes: number;
}

const TABLES = ['/proc/net/udp', '/proc/net/udp6'];

/** Inode of an open socket, by its file descriptor. */
export function socketInode(descriptor: number): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch {
    // No /proc: not Linux.
    return undefined;
  }
}

/** What the kernel says of the socket: by inode when known, else all sockets on the port together. */
export function readSocketQueue(port: number, inode: string | undefined): SocketQueue | undefined {
  let found: SocketQueue | undefined;
  for (const table of TABLES) {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      // No /proc, or no IPv6.
      continue;
    }
    for (const row of findSockets(text, port, inode)) {
      found = { drops: (found?.drops ?? 0) + row.drops, queuedBytes: (found?.queuedBytes ?? 0) + row.queuedBytes };
    }
  }
  return found;
}

/** Rows of one table: `sl local rem st tx:rx tr:tm retrnsmt uid timeout inode ref pointer drops`. */
export function findSockets(table: string, port: number, inode: string | undefined): SocketQueue[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 13 && columns[1]?.endsWith(`:${wanted}`) === true)
    .filter((columns) => inode === undefined || columns[9] === inode)
    .map((columns) => ({
      drops: Number(columns[12]),
      queuedBytes: Number.parseInt(columns[4]?.split(':')[1] ?? '0', 16),
    }));
}
