// @ts-check
/**
 * Brings a fresh clone to a runnable state: installs packages and builds, each only when something changed.
 * Plain JavaScript because it runs before the compiler is installed. Called by `npm start` and `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildStamp, fingerprint, fingerprintOfSources, isCurrent, remember, root } from './stamps.mjs';

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

const installStamp = join(root, 'node_modules', '.flint-installed');
const installed = fingerprint(['package.json', 'package-lock.json']);
if (!isCurrent(installStamp, installed)) {
  console.error('setup: installing packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  remember(installStamp, installed);
}

const built = fingerprintOfSources();
if (!isCurrent(buildStamp, built)) {
  console.error('setup: building');
  run('npm', ['run', '--silent', 'build']);
  remember(buildStamp, built);
}
