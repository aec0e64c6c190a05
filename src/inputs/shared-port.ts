/**
 * Whether several UDP sockets can share a port (SO_REUSEPORT): Node.js can from 22.12 and 23.1, where the system spreads datagrams over
 * them (Linux, FreeBSD and others; macOS and Windows do not).
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { cannotListen } from './cannot-listen.ts';

/** False: older versions of Node.js ignore the option without a word. */
export function knowsReusePort(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** What sockets that share a port would hide: that another program has it. Rejects with FlintError then. */
export async function assertFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => {
      probe.close();
      reject(cannotListen(error, host, port));
    });
    probe.bind({ port, address: host, exclusive: true }, () => probe.close(resolve));
  });
}
