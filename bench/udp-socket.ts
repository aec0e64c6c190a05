/** What the kernel says of a UDP socket of another process, by its port (`/proc/net/udp`, proc(5)). */
import { existsSync, readFileSync } from 'node:fs';

/** The kernel's count of datagrams dropped at the socket. */
export function dropsOf(port: number): number {
  const line = socketLine(port);
  return line === undefined ? 0 : Number(line.trim().split(/\s+/).at(-1));
}

function socketLine(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    if (!existsSync(file)) continue;
    const found = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => new RegExp(`^\\s*\\d+: [0-9A-F]+:${hex} `).test(line));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a socket is bound to the port. */
export function isListening(port: number): boolean {
  return socketLine(port) !== undefined;
}

/** Resolves when a socket is bound to the port. */
export async function listening(port: number): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    if (isListening(port)) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`nothing listens on UDP port ${port}`);
}
