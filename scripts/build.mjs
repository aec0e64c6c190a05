// @ts-check
/** Compiles the scanner kernels (AssemblyScript) and bundles the program and its page, all into dist/cli/. */
import { chmodSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePage, bundleProgram } from './bundle.mjs';
import { keepCode } from './code-cache.mjs';
import { buildKernels } from './kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const kernels = buildKernels();
const page = join(root, 'src', 'server', 'page');
const out = join(root, 'dist', 'cli');
rmSync(join(root, 'dist'), { recursive: true, force: true });
await bundleProgram(join(root, 'src'), out);
await bundlePage(page, join(out, 'page'));
for (const file of kernels) cpSync(file, join(out, basename(file)));
for (const file of readdirSync(page)) {
  if (/\.(html|css|svg)$/.test(file)) cpSync(join(page, file), join(out, 'page', file));
}
chmodSync(join(out, 'main.js'), 0o755);
keepCode();
