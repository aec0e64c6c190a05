import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeadLetterFile, deadLetterLine } from './dead-letter.ts';

describe('dead-letter file', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-dead-'));
    path = join(directory, 'dead-letters.ndjson');
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const open = (maxBytes: number) => new DeadLetterFile({ path, maxBytes, now: () => 0 });
  const letter = (text: string) => ({
    input: 'web',
    code: 'DATA_BAD_JSON',
    reason: 'cut off',
    sample: Buffer.from(text, 'latin1'),
  });

  it('holds one escaped line per sample, private to its owner', async () => {
    const file = open(100_000);
    file.write(letter('{"a":"\u001b[31m\n\\x"\xff'));
    file.write({ input: 'web', code: 'DATA_TOO_LONG', reason: 'too long' });
    await file.close();
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      {
        time: '1970-01-01T00:00:00.000Z',
        input: 'web',
        code: 'DATA_BAD_JSON',
        reason: 'cut off',
        bytes: 16,
        sample: '{"a":"\\x1b[31m\\x0a\\\\x"\\xff',
      },
      { time: '1970-01-01T00:00:00.000Z', input: 'web', code: 'DATA_TOO_LONG', reason: 'too long' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('shows the first 512 bytes of a long record', () => {
    const { bytes, sample } = JSON.parse(deadLetterLine(letter('x'.repeat(100_000)), 0));
    expect(bytes).toBe(100_000);
    expect(sample).toHaveLength(512);
  });

  it('stays within twice its limit', async () => {
    const file = open(1000);
    for (let i = 0; i < 200; i++) {
      file.write(letter('y'.repeat(100)));
      if (i % 3 === 0) await file.close();
    }
    await file.close();
    expect(statSync(path).size).toBeLessThanOrEqual(1000);
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(1000);
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(existsSync(`${path}.2`)).toBe(false);
  });

  it('leaves out and counts what comes too fast', async () => {
    const file = open(10_000_000);
    for (let i = 0; i < 1500; i++) file.write(letter('z'));
    await file.close();
    expect(file.skipped).toBe(500);
  });

  it('counts what it could not write and goes on', async () => {
    rmSync(directory, { recursive: true });
    const file = open(1000);
    file.write(letter('a'));
    await file.close();
    expect(file.failed).toBe(1);
    directory = mkdtempSync(join(tmpdir(), 'flint-dead-'));
  });
});
