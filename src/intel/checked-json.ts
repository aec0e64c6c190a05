/**
 * Small state files: JSON with a version and a checksum, written beside the old one and put in its place in one step. A file that was cut
 * off or changed by hand counts as absent, as if nothing had been kept.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function readCheckedJson<T extends { readonly version: number }>(
  path: string,
  version: T['version'],
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { state, sha256 } = JSON.parse(text) as { state: T; sha256: string };
    return sha256 === checksum(state) && state.version === version ? state : undefined;
  } catch (error) {
    // Not what was written: cut off or changed by hand.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

export async function writeCheckedJson(path: string, state: { readonly version: number }): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify({ state, sha256: checksum(state) }));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

function checksum(state: unknown): string {
  return createHash('sha256').update(JSON.stringify(state), 'utf8').digest('hex');
}
