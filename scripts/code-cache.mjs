// @ts-check
/**
 * Keeps compiled code beside each chunk of the program (`src/cli/start/bundled-program.ts`): in a process of its own the program scans the
 * samples, so that what a start and the first alerts run is in it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './stamps.mjs';

const program = join(root, 'dist', 'cli');

/** Runs the program once and writes the code of what it loaded. */
export function keepCode() {
  const samples = ['intel', 'rules', 'logs'].map((name) => join(root, 'samples', name));
  const [intel, rules, logs] = /** @type {[string, string, string]} */ (samples);
  const scan = ['scan', '--intel', intel, '--rules', rules, '--workers', '1', '--json', logs];
  // Whoever builds may have settings of tests and of a service of their own: they would be taken for the configuration.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLINT_')));
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...scan], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`the program that was built does not run: ${stderr}`);
}

async function runAndKeep() {
  /** @type {typeof import('../src/cli/start/bundled-program.ts')} */
  const { codeFileOf, load, loadedChunks } = await import(pathToFileURL(join(program, 'bundled-program.js')).href);
  process.on('exit', (code) => {
    if (code !== 0) return;
    for (const [file, script] of loadedChunks()) writeFileSync(codeFileOf(file), script.createCachedData());
  });
  load('main.cjs');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runAndKeep();
