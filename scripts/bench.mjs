// @ts-check
/** Compiles and runs one benchmark: `node scripts/bench.mjs scan [options]`. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleThread } from './bundle.mjs';
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
// Threads that live as long as a job start as those of the program do, where loading hundreds of modules would outweigh the job.
const jobs = join(out, 'src', 'engine', 'intel');
await bundleThread(join(root, 'src', 'engine', 'intel', 'intel-job-worker.ts'), jobs);
for (const kernel of buildKernels())
  for (const folder of [join(out, 'src', 'scan'), jobs]) cpSync(kernel, join(folder, basename(kernel)));
const result = spawnSync(process.execPath, [join(out, 'bench', `${name}.bench.js`), ...options], {
  cwd: root,
  stdio: 'inherit',
  env: { FLINT_SHARED_DATA: join(root, '..', 'shared', 'data'), ...process.env },
});
process.exit(result.status ?? 1);
