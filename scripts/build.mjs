// @ts-check
/** Compiles the scanner kernels (AssemblyScript) and then the TypeScript sources, those of the status page too, into dist/. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** @param {string} name @param {string[]} args */
function tool(name, args) {
  const result = spawnSync(bin(name), args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const kernels = buildKernels();

rmSync(join(root, 'dist'), { recursive: true, force: true });
tool('tsc', ['-p', 'tsconfig.build.json']);
tool('tsc', ['-p', 'tsconfig.page.build.json']);
const page = join(root, 'src', 'server', 'page');
for (const file of readdirSync(page)) {
  if (/\.(html|css|svg)$/.test(file)) cpSync(join(page, file), join(root, 'dist', 'server', 'page', file));
}
for (const file of kernels) cpSync(file, join(root, 'dist', 'scan', basename(file)));
const main = join(root, 'dist', 'cli', 'main.js');
if (existsSync(main)) chmodSync(main, 0o755);
