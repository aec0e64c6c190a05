/**
 * Medallion, the TAXII server of OASIS, as a process on 127.0.0.1 for service tests: installed from PyPI into a virtual environment under `build/`,
 * with data and configuration files in a folder of the test.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = resolve(fileURLToPath(new URL('../../build', import.meta.url)));

/** Why a release cannot be had; empty when it can. */
export function installMedallion(release: string): string {
  try {
    const script = scriptOf(release);
    if (existsSync(script)) return '';
    mkdirSync(BUILD, { recursive: true });
    execFileSync('python3', ['-m', 'venv', venv(release)], { timeout: 120_000, stdio: 'pipe' });
    const pip = join(venv(release), 'bin/pip');
    execFileSync(pip, ['install', '-q', `medallion==${release}`], { timeout: 240_000, stdio: 'pipe' });
    return existsSync(script) ? '' : 'medallion has no start script';
  } catch (error) {
    // No Python, no venv module, no package index: each a reason to skip.
    return `medallion ${release} cannot be installed: ${(error as Error).message.split('\n')[0]}`;
  }
}

export interface MedallionFiles {
  readonly folder: string;
  /** Content of the data file; `origin` ends with a slash. */
  readonly data: (origin: string) => object;
  readonly config: (dataFile: string) => object;
}

export interface RunningMedallion {
  /** `http://127.0.0.1:port/`. */
  readonly origin: string;
  close(): void;
}

export async function startMedallion(release: string, files: MedallionFiles): Promise<RunningMedallion> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}/`;
  const [dataFile, configFile] = [join(files.folder, 'data.json'), join(files.folder, 'config.json')];
  writeFileSync(dataFile, JSON.stringify(files.data(origin)));
  writeFileSync(configFile, JSON.stringify(files.config(dataFile)));
  const server = spawn(scriptOf(release), ['--host', '127.0.0.1', '--port', String(port), configFile], {
    stdio: 'ignore',
  });
  await reachable(port);
  return { origin, close: () => void server.kill('SIGKILL') };
}

function venv(release: string): string {
  return join(BUILD, `medallion-${release}`);
}

function scriptOf(release: string): string {
  return join(venv(release), 'bin/medallion');
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Medallion needs a second or two to start. */
async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/taxii2/`);
      return;
    } catch (error) {
      // Connection refused: not listening yet.
      if (!(error instanceof TypeError)) throw error;
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  throw new Error('medallion does not listen');
}
