/** A start of `flint run` in a process of its own, until its UDP port listens, which it does last. Linux. */
import { spawn } from 'node:child_process';
import { freePort } from './free-port.ts';
import { memoryOf, processorSeconds } from './process-figures.ts';
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
    const { pid = 0 } = child;
    return { readyMs, cpuSeconds: processorSeconds(pid), rssBytes: memoryOf(pid).residentBytes };
  } finally {
    child.kill('SIGKILL');
    await new Promise((done) =>
      child.exitCode === null && child.signalCode === null ? child.once('exit', done) : done(0),
    );
  }
}
