/** A start of `flint run` in a process of its own, until its UDP port listens, which it does last. Linux. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freePort } from './free-port.ts';
import { isListening } from './udp-socket.ts';

export interface ServiceStart {
  readonly readyMs: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** `args`: beside those for the port. The process ends with the call. */
export async function startService(program: string, args: readonly string[]): Promise<ServiceStart> {
  const port = await freePort();
  const startedMs = performance.now();
  const all = ['run', '-q', '--http', 'off', ...args, '--listen', `gelf+udp://127.0.0.1:${port}`];
  const child = spawn(process.execPath, [program, ...all], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    while (!isListening(port)) {
      if (child.exitCode !== null || performance.now() - startedMs > 120_000)
        throw new Error('the program did not start');
      await new Promise((done) => setTimeout(done, 5));
    }
    const readyMs = performance.now() - startedMs;
    const [user = 0, system = 0] = timesOf(child);
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    return { readyMs, cpuSeconds: (user + system) / 100, rssBytes: Number(rss) * 1024 };
  } finally {
    child.kill('SIGKILL');
    await new Promise((done) =>
      child.exitCode === null && child.signalCode === null ? child.once('exit', done) : done(0),
    );
  }
}

function timesOf({ pid }: ChildProcess): number[] {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return [Number(fields[11]), Number(fields[12])];
}
