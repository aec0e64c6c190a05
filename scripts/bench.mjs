// @ts-check
/** Compiles and runs one benchmark: `node scripts/bench.mjs scan [options]`. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [name = '', ...options] = process.argv.slice(2);
if (!existsSync(join(root, 'bench', `${name}.bench.ts`))) {
  console.error(`no benchmark "${name}" in bench/`);
  process.exit(2);
}
const out = join(root, 'build', 'bench');
const compiled = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.bench.json'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const kernel of buildKernels()) cpSync(kernel, join(out, 'src', 'scan', basename(kernel)));
const result = spawnSync(process.execPath, [join(out, 'bench', `${name}.bench.js`), ...options], {
  cwd: root,
  stdio: 'inherit',
  env: { FLINT_SHARED_DATA: join(root, '..', 'shared', 'data'), ...process.env },
});
process.exit(result.status ?? 1);
