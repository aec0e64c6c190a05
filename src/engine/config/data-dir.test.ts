import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataDir } from './data-dir.ts';

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'flint-data-')), 'data');

describe('data directory', () => {
  it('is readable by its owner only', () => {
    const path = fresh();
    const dir = openDataDir(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(dir.folder('queue')).mode & 0o777).toBe(0o700);
    dir.close();
  });

  it('has one owner, and says who', () => {
    const path = fresh();
    const dir = openDataDir(path);
    expect(() => openDataDir(path)).toThrow(`belongs to process ${process.pid}`);
    dir.close();
    openDataDir(path).close();
  });

  it('takes over the lock of a dead process', () => {
    const path = fresh();
    openDataDir(path).close();
    // Beyond the largest pid of any kernel.
    writeFileSync(join(path, 'lock'), '4999999\n');
    openDataDir(path).close();
    writeFileSync(join(path, 'lock'), 'garbage');
    openDataDir(path).close();
  });

  it('takes over the lock of an earlier process with the same pid', () => {
    const path = fresh();
    openDataDir(path).close();
    writeFileSync(join(path, 'lock'), `${process.pid} 1\n`);
    openDataDir(path).close();
  });

  it('is refused when a file stands in its place', () => {
    const path = `${fresh()}-file`;
    writeFileSync(path, '');
    expect(() => openDataDir(path)).toThrow(path);
  });
});
