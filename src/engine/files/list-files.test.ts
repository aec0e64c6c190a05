import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listFiles } from './list-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'sub'));
writeFileSync(join(folder, 'access.log'), 'abc');
writeFileSync(join(folder, 'sub', 'b.log'), '');
symlinkSync(join(folder, 'access.log'), join(folder, 'link'));

describe('listFiles', () => {
  it('lists regular files below folders in path order, without following links', () => {
    expect(listFiles([folder, '-'])).toEqual([
      { path: join(folder, 'access.log'), bytes: 3 },
      { path: join(folder, 'sub', 'b.log'), bytes: 0 },
      { path: '-', bytes: 0 },
    ]);
  });

  it('names the nearest file beside a path that does not exist', () => {
    const near = join(folder, 'access.log');
    expect(() => listFiles([join(folder, 'acess.log')])).toThrow(`does not exist; did you mean "${near}"?`);
    expect(() => listFiles([join(folder, 'zzzzzz')])).toThrow(/does not exist$/);
    expect(() => listFiles([join(folder, 'no', 'such')])).toThrow(/does not exist$/);
  });
});
