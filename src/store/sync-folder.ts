/** Forces the names of a folder to disk: a file that was made or renamed is there after a crash. Rejects with the error of the file system. */
import { open } from 'node:fs/promises';

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
