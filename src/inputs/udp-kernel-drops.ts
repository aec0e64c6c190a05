/**
 * Datagrams the kernel dropped because the receive buffer was full: the last column of `/proc/net/udp` and `udp6` (Linux; the
 * columns are described in proc(5)). Elsewhere the files do not exist and nothing is known.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface SocketQueue {
  readonly drops: number;
  /** Bytes waiting in the receive buffer. */
  readonly queuedBytes: number;
}

export interface SocketRow extends SocketQueue {
  readonly inode: string;
}

const DESCRIPTORS = '/proc/self/fd';
const TABLES = ['/proc/net/udp', '/proc/net/udp6'];

/**
 * Inode of the UDP socket of this process on a port: the row of the table whose inode one of our descriptors shows. (The descriptor
 * of a dgram socket itself cannot be asked for.) `others`: our sockets on the port that were there before. Undefined without /proc, or
 * when several are left.
 */
export function ownSocketInode(port: number, others: ReadonlySet<string> = new Set()): string | undefined {
  const candidates = [...ownSocketInodes(port)].filter((inode) => !others.has(inode));
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Inodes of all UDP sockets of this process on a port. */
export function ownSocketInodes(port: number): ReadonlySet<string> {
  const ours = ownInodes();
  const rows = tables().flatMap((table) => findSockets(table, port, undefined));
  return new Set(rows.filter((row) => ours.has(row.inode)).map(({ inode }) => inode));
}

/** Descriptor of a socket of this process. Undefined without /proc. */
export function ownDescriptor(inode: string): number | undefined {
  return ownInodes().get(inode);
}

/** What the kernel says of the socket: by inode when known, else all sockets on the port together. */
export function readSocketQueue(port: number, inode: string | undefined): SocketQueue | undefined {
  let found: SocketQueue | undefined;
  for (const table of tables()) {
    for (const row of findSockets(table, port, inode)) {
      found = { drops: (found?.drops ?? 0) + row.drops, queuedBytes: (found?.queuedBytes ?? 0) + row.queuedBytes };
    }
  }
  return found;
}

function tables(): string[] {
  return TABLES.flatMap((path) => {
    try {
      return [readFileSync(path, 'latin1')];
    } catch {
      // No /proc, or no IPv6.
      return [];
    }
  });
}

/** Inodes of our sockets with their descriptors. */
function ownInodes(): Map<string, number> {
  const inodes = new Map<string, number>();
  let descriptors: string[];
  try {
    descriptors = readdirSync(DESCRIPTORS);
  } catch {
    // No /proc: not Linux.
    return inodes;
  }
  for (const descriptor of descriptors) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${DESCRIPTORS}/${descriptor}`))?.[1];
      if (inode !== undefined) inodes.set(inode, Number(descriptor));
    } catch {
      // Closed since the folder was listed.
    }
  }
  return inodes;
}

/** Rows of one table: `sl local rem st tx:rx tr:tm retrnsmt uid timeout inode ref pointer drops`. */
export function findSockets(table: string, port: number, inode: string | undefined): SocketRow[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 13 && columns[1]?.endsWith(`:${wanted}`) === true)
    .filter((columns) => inode === undefined || columns[9] === inode)
    .map((columns) => ({
      inode: columns[9] ?? '',
      drops: Number(columns[12]),
      queuedBytes: Number.parseInt(columns[4]?.split(':')[1] ?? '0', 16),
    }));
}
