// @ts-check
/**
 * Brings a fresh clone to a runnable state: installs packages and builds, each only when something changed.
 * Plain JavaScript because it runs before the compiler is installed. Called by `npm start` and `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`flint needs Node.js 20.19 or newer; this is ${process.versions.node}`);
  process.exit(2);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const shell = process.platform === 'win32';
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell });
  if (result.status !== 0) {
    console.error(`setup: "${command} ${args.join(' ')}" failed (${result.error?.message ?? `exit ${result.status}`})`);
    process.exit(result.status ?? 1);
  }
}

/** @param {string[]} files */
function fingerprint(files) {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  for (const file of files.sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** @param {string} dir @param {(name: string) => boolean} keep @returns {string[]} */
function filesBelow(dir, keep) {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir)).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(join(root, path)).isDirectory()) return filesBelow(path, keep);
    return keep(name) ? [path] : [];
  });
}

/** @param {string} stamp @param {string} value */
function isCurrent(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === value;
}

/** @param {string} stamp @param {string} value */
function remember(stamp, value) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, value);
}

const installStamp = join(root, 'node_modules', '.flint-installed');
const installed = fingerprint(['package.json', 'package-lock.json']);
if (!isCurrent(installStamp, installed)) {
  console.error('setup: installing packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  remember(installStamp, installed);
}

const buildStamp = join(root, 'dist', '.flint-built');
const sources = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.page.json',
  'tsconfig.page.build.json',
  ...filesBelow('scripts', () => true),
];
const built = fingerprint([...sources, ...filesBelow('src', (name) => !name.endsWith('.test.ts'))]);
if (!isCurrent(buildStamp, built)) {
  console.error('setup: building');
  run('npm', ['run', '--silent', 'build']);
  remember(buildStamp, built);
}
