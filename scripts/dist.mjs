// @ts-check
/** Global set-up of the end-to-end tests: they run the built program, so dist/ must be that of the present sources. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildStamp, fingerprintOfSources, isCurrent, remember, root } from './stamps.mjs';

export default function setup() {
  const current = fingerprintOfSources();
  if (isCurrent(buildStamp, current)) return;
  const build = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0)
    throw new Error(`dist/ cannot be built, end-to-end tests need it:\n${build.stdout}${build.stderr}`);
  remember(buildStamp, current);
}
