// @ts-check
/** Compiles the scanner kernels (AssemblyScript) and then the TypeScript sources, those of the status page too, into dist/. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** @param {string} name @param {string[]} args */
function tool(name, args) {
  const result = spawnSync(bin(name), args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const kernels = join(root, 'src', 'scan', 'kernel');
const wasm = join(root, 'build');
mkdirSync(wasm, { recursive: true });
for (const file of existsSync(kernels) ? readdirSync(kernels) : []) {
  if (!file.endsWith('.kernel.ts')) continue;
  const out = join(wasm, file.replace('.kernel.ts', '.wasm'));
  tool('asc', [
    join(kernels, file),
    '-o',
    out,
    '-O3',
    '--noAssert',
    '--enable',
    'simd',
    '--enable',
    'threads',
    '--runtime',
    'stub',
    '--importMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
  ]);
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
tool('tsc', ['-p', 'tsconfig.build.json']);
tool('tsc', ['-p', 'tsconfig.page.build.json']);
const page = join(root, 'src', 'server', 'page');
for (const file of readdirSync(page)) {
  if (/\.(html|css|svg)$/.test(file)) cpSync(join(page, file), join(root, 'dist', 'server', 'page', file));
}
for (const file of readdirSync(wasm)) cpSync(join(wasm, file), join(root, 'dist', 'scan', file));
const main = join(root, 'dist', 'cli', 'main.js');
if (existsSync(main)) chmodSync(main, 0o755);
