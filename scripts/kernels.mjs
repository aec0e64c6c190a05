// @ts-check
/** Compiles the scanner kernels (AssemblyScript) into build/, each only when one of the sources has changed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = join(root, 'src', 'scan', 'kernel');
const out = join(root, 'build');
const FLAGS = '-O3 --noAssert --enable simd --enable threads --runtime stub --importMemory --sharedMemory'.split(' ');
const MEMORY = '--initialMemory 1 --maximumMemory 65536'.split(' ');

/** Paths of the compiled kernels; throws when the compiler refuses one. */
export function buildKernels() {
  const names = readdirSync(sources).sort();
  const hash = createHash('sha256').update(FLAGS.join()).update(MEMORY.join());
  for (const name of names) hash.update(name).update(readFileSync(join(sources, name)));
  const current = hash.digest('hex');
  const stamp = join(out, 'kernels.sha256');
  const kernels = names.filter((name) => name.endsWith('.kernel.ts'));
  const compiled = kernels.map((name) => join(out, name.replace('.kernel.ts', '.wasm')));
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === current && compiled.every(existsSync);
  if (isCurrent) return compiled;
  mkdirSync(out, { recursive: true });
  const shell = process.platform === 'win32';
  for (const [i, name] of kernels.entries()) {
    const args = [join(sources, name), '-o', /** @type {string} */ (compiled[i]), ...FLAGS, ...MEMORY];
    const asc = join(root, 'node_modules', '.bin', 'asc');
    const result = spawnSync(asc, args, { cwd: root, stdio: 'inherit', shell });
    if (result.status !== 0)
      throw new Error(`kernel "${name}" does not compile (${result.error?.message ?? 'see above'})`);
  }
  writeFileSync(stamp, current);
  return compiled;
}

/** Global set-up of the test runner. */
export default function setup() {
  buildKernels();
}
