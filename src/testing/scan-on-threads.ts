/**
 * `flint scan` in which threads beside the first take part for certain: it begins with standard input, which is kept open until they stand
 * and have taken what follows. The summary says how much they did; when it was nothing, they get more time.
 */
import { spawn } from 'node:child_process';
import { FLINT_MAIN, pause } from './flint-process.ts';

export interface ThreadsScan {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const HELD_MS = [1500, 6000, 20_000];
const BY_OTHERS = /^[1-9][\d,]* of [\d,]+ parts by further threads$/m;

/** `args`: without standard input, which is empty. With one worker there is only the first thread. */
export async function scanOnThreads(args: readonly string[], workers: number, folder: string): Promise<ThreadsScan> {
  if (workers === 1) return scanHeld(args, workers, folder, 0);
  for (const heldMs of HELD_MS) {
    const scan = await scanHeld(args, workers, folder, heldMs);
    if (scan.status !== 0 || BY_OTHERS.test(scan.stderr)) return scan;
  }
  throw new Error('no further thread took part in the scan');
}

async function scanHeld(
  args: readonly string[],
  workers: number,
  folder: string,
  heldMs: number,
): Promise<ThreadsScan> {
  const all = [FLINT_MAIN, 'scan', '-', ...args, '--json', '--workers', String(workers)];
  const child = spawn(process.execPath, all, { cwd: folder });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // A scan that ends early has closed its end.
  child.stdin.on('error', () => undefined);
  await Promise.race([pause(heldMs), ended]);
  child.stdin.end();
  const status = await ended;
  return { status, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
}
