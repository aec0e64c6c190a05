import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilePositions } from './file-positions.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'flint-positions-'));
const fail = (path: string): void => expect.fail(`damaged: ${path}`);
const position = { offset: 10, line: 2, record: 1, framing: 'lines', settledAfter: 0 };

describe('positions of sources', () => {
  it('come back after a restart', () => {
    const path = folder();
    const positions = new FilePositions(path, fail);
    positions.set('a', position);
    positions.save();
    expect(new FilePositions(path, fail).get('a')).toEqual(position);
    expect(new FilePositions(path, fail).get('b')).toBeUndefined();
  });

  it('begin anew when the file is damaged, which is told and kept for inspection', () => {
    const path = folder();
    writeFileSync(join(path, 'positions.json'), '{"version":1,');
    const damaged: string[] = [];
    expect(new FilePositions(path, (file) => damaged.push(file)).get('a')).toBeUndefined();
    expect(damaged).toEqual([join(path, 'positions.json')]);
    expect(existsSync(join(path, 'positions.json.damaged'))).toBe(true);
  });
});
