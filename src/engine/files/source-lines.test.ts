import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diagnostic } from '../../errors/diagnostic.ts';
import { withSourceLines } from './source-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('withSourceLines', () => {
  it('reads the lines that are pointed at, once per file', async () => {
    const file = join(folder, 'a.txt');
    writeFileSync(file, 'one\r\ntwo\nthree');
    const at = (line: number) => diagnostic('INTEL_BAD_VALUE', 'error', 'x', { span: { file, line } });
    const found = await withSourceLines([at(2), at(1), at(3), at(9)]);
    expect(found.map(({ span }) => span?.sourceLine)).toEqual(['two', 'one', 'three', undefined]);
  });

  it('leaves alone what has a line already, no place, or no file', async () => {
    const given = [
      diagnostic('INTEL_BAD_VALUE', 'error', 'x'),
      diagnostic('INTEL_BAD_VALUE', 'error', 'x', { span: { file: join(folder, 'gone'), line: 1 } }),
      diagnostic('INTEL_BAD_VALUE', 'error', 'x', { span: { file: 'a', line: 1, sourceLine: 'kept' } }),
    ];
    expect(await withSourceLines(given)).toEqual(given);
  });

  it('shows no bytes of a file that is no text', async () => {
    const file = join(folder, 'b.gz');
    writeFileSync(file, Buffer.from([0x1f, 0x8b, 0xff, 0xfe, 0x0a]));
    const [found] = await withSourceLines([diagnostic('INTEL_BAD_VALUE', 'error', 'x', { span: { file, line: 1 } })]);
    expect(found?.span?.sourceLine).toBeUndefined();
  });
});
