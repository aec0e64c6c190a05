/**
 * A real `flint` process for end-to-end tests: the built program (dist/cli/main.js) as its users start it, its structured log read
 * line by line from standard error. Ports are chosen by the system and read back from the log; every wait has an end and says
 * what the process wrote until then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const FLINT_MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface FlintOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; a new temporary one when absent. */
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Another Node.js than the one that runs the test. */
  readonly node?: string;
  /** Flags of Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const WAIT_MS = 15_000;
const POLL_MS = 10;

export class FlintProcess {
  readonly #child: ChildProcess;
  readonly #out: Buffer[] = [];
  #err = '';
  readonly exited: Promise<Exit>;

  constructor(options: FlintOptions) {
    if (!existsSync(FLINT_MAIN)) throw new Error(`"${FLINT_MAIN}" is missing: run "npm run build" before this test`);
    this.#child = spawn(options.node ?? process.execPath, [...(options.nodeArgs ?? []), FLINT_MAIN, ...options.args], {
      cwd: options.cwd ?? tmpdir(),
      env: { PATH: process.env.PATH, HOME: tmpdir(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin?.on('error', () => {});
    this.#child.stdin?.end(options.input ?? '');
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#out.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#err += chunk.toString('utf8');
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return Buffer.concat(this.#out).toString('utf8');
  }

  /** Lines of standard output that were written to their end. */
  get lines(): readonly string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  get stderr(): string {
    return this.#err;
  }

  /** Lines of the structured log; what is no JSON (diagnostics for people) is left out, and so is a line that is still being written. */
  get log(): readonly LogLine[] {
    const lines = this.#err.split('\n').slice(0, -1);
    return lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** First log line that fits; rejects when the process ends or takes too long. */
  async logged(message: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const find = (): LogLine | undefined => this.log.find((line) => line.message === message && fits(line));
    await this.until(() => find() !== undefined, `the log line "${message}"`);
    return find() as LogLine;
  }

  /** Waits for a condition outside while the process is alive. */
  async until(holds: () => boolean | Promise<boolean>, what: string, waitMs = WAIT_MS): Promise<void> {
    const end = Date.now() + waitMs;
    while (!(await holds())) {
      if (!this.running && !(await holds())) throw new Error(`the process ended before ${what}\n${this.tail()}`);
      if (Date.now() > end) throw new Error(`${what} did not come within ${waitMs} ms\n${this.tail()}`);
      await pause(POLL_MS);
    }
  }

  /** Port of the input whose name contains the text. */
  async port(input: string): Promise<number> {
    const { address } = await this.logged('input ready', (line) => String(line.input).includes(input));
    return Number(/:(\d+)$/.exec(String(address))?.[1]);
  }

  /** Base address of API, page and metrics. */
  async url(): Promise<string> {
    return String((await this.logged('ready')).page).replace(/\/$/, '');
  }

  /** Samples of /metrics by name with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${await this.url()}/metrics`);
    const samples = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks to stop, ends by force what does not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.running) this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill('SIGKILL'), WAIT_MS);
    const exit = await this.exited;
    clearTimeout(force);
    return exit;
  }

  tail(): string {
    return `standard error of the process:\n${this.#err.slice(-4000)}`;
  }
}

/** A temporary folder for one test file. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'flint-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Sum of the samples of one metric whose labels contain the text. */
export function total(metrics: ReadonlyMap<string, number>, name: string, labels = ''): number {
  let sum = 0;
  for (const [key, value] of metrics)
    if ((key === name || key.startsWith(`${name}{`)) && key.includes(labels)) sum += value;
  return sum;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
