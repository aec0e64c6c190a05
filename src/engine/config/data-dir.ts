/**
 * The data directory: everything that must survive a restart, readable by its owner only (mode 0700). One process owns it: a
 * lock file names the owner, a second start is refused with its pid, the lock of a dead process is taken over.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FlintError, diagnostic } from '../../errors/diagnostic.ts';

export interface DataDir {
  readonly path: string;
  /** Path of a part of the directory, created when missing: `queue`, `positions`, `feeds`, `state`. */
  folder(name: string): string;
  /** Gives the lock back; idempotent. */
  close(): void;
}

/** Throws FlintError when the directory cannot be made or belongs to a running process. */
export function openDataDir(path: string): DataDir {
  const root = resolve(path);
  makeFolder(root);
  const lock = join(root, 'lock');
  takeLock(root, lock);
  let open = true;
  return {
    path: root,
    folder: (name) => {
      const folder = join(root, name);
      makeFolder(folder);
      return folder;
    },
    close: () => {
      if (open) rmSync(lock, { force: true });
      open = false;
    },
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlintError(
      [diagnostic('ENV_FILE_UNREADABLE', 'error', `data directory "${path}" cannot be made: ${reason}`)],
      { cause: error },
    );
  }
  if (!statSync(path).isDirectory()) {
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', `data directory "${path}" is no directory`)]);
  }
}

function takeLock(root: string, lock: string): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(lock, 'wx', 0o600);
      writeSync(file, `${process.pid} ${startOf(process.pid)}\n`);
      closeSync(file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (owner !== undefined) {
      const message = `data directory "${root}" belongs to process ${owner}`;
      throw new FlintError([
        diagnostic('ENV_DATA_DIR_BUSY', 'error', message, { hint: 'stop that process or give another data_dir' }),
      ]);
    }
    // Its owner died without giving it back.
    rmSync(lock, { force: true });
  }
  throw new FlintError([
    diagnostic('ENV_DATA_DIR_BUSY', 'error', `data directory "${root}" is being taken by another process`),
  ]);
}

/** The running process that holds the lock. Its start time is compared too: in a container every process is pid 1. */
function ownerOf(lock: string): number | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(lock, 'utf8').trim().split(' ');
    const owner = /^[1-9]\d*$/.test(pid) ? Number(pid) : undefined;
    return owner !== undefined && isAlive(owner) && startOf(owner) === start ? owner : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Start time of a process in clock ticks since boot (proc(5), stat, field 22); empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name in brackets may hold blanks and brackets itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ESRCH') return '';
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
