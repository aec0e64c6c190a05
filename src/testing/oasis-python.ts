/**
 * The Python libraries of OASIS (stix2, taxii2-client, stix2-matcher), installed from PyPI into a virtual environment under
 * `build/`, for tests and benchmarks against code that nobody here wrote.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PACKAGES = ['stix2==3.0.2', 'taxii2-client==2.3.0', 'stix2-matcher==3.0.0'];
/** Tests and benchmarks run in the root of the repository. */
const FOLDER = resolve('build/oasis-python');
const PYTHON = join(FOLDER, 'bin/python');
const DONE = join(FOLDER, 'installed.txt');

/** Installs on first use. Why it cannot be had; empty when it can. */
export function installOasisPython(): string {
  try {
    if (existsSync(DONE)) return '';
    mkdirSync(resolve(FOLDER, '..'), { recursive: true });
    execFileSync('python3', ['-m', 'venv', FOLDER], { timeout: 120_000, stdio: 'pipe' });
    execFileSync(join(FOLDER, 'bin/pip'), ['install', '-q', ...PACKAGES], { timeout: 240_000, stdio: 'pipe' });
    writeFileSync(DONE, `${PACKAGES.join('\n')}\n`);
    return '';
  } catch (error) {
    // No Python, no venv module, no package index: each a reason to skip.
    return `the Python libraries of OASIS cannot be installed: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Its interpreter, once installed. */
export function oasisPython(): string {
  return PYTHON;
}

/** Runs a script with the given standard input; resolves with its standard output, rejects with its standard error. */
export function runOasisPython(script: string, input: string, args: readonly string[] = []): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(PYTHON, ['-c', script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 110_000);
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) done(out);
      else fail(new Error(`python ended with ${code}: ${errors.slice(-4000)}`));
    });
    child.stdin.on('error', fail);
    child.stdin.end(input);
  });
}
