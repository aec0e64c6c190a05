import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKind } from './file-sink.ts';

const message = (text: string) => ({ id: text, body: Buffer.from(text) });

describe('file sink', () => {
  let directory: string;
  let path: string;
  let nowMs: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-file-'));
    path = join(directory, 'alerts.ndjson');
    nowMs = Date.now();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = (options: Record<string, unknown> = {}) =>
    fileKind.open(
      { protocol: 'file', transport: '', host: '', port: 0, path, options },
      { name: 'o', now: () => nowMs, contentType: 'application/json', allowPrivateAddresses: false },
    );

  it('appends lines to a file of its owner', async () => {
    writeFileSync(path, 'old\n', { mode: 0o600 });
    const sink = open({ sync: 'always' });
    await sink.send([message('a'), message('b')]);
    await sink.send([message('c\nd')]);
    await sink.close();
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('old\na\nb\nc d\n');
    rmSync(path);
    const fresh = open();
    await fresh.send([message('a')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await fresh.close();
  });

  it('ends a line that another left unfinished', async () => {
    for (const text of ['text', 'one\n{"whole":1}', '[1']) {
      writeFileSync(path, text);
      const sink = open();
      await sink.send([message('a')]);
      await sink.close();
      expect(readFileSync(path, 'utf8')).toBe(`${text}\na\n`);
    }
  });

  it('cuts off an alert that was being written when the program was killed', async () => {
    for (const before of ['', '{"a":1}\n']) {
      writeFileSync(path, `${before}{"torn":"ä`);
      const sink = open();
      await sink.send([message('a')]);
      await sink.send([message('b')]);
      await sink.close();
      expect(readFileSync(path, 'utf8')).toBe(`${before}a\nb\n`);
    }
  });

  it('rotates by size and keeps the stated number', async () => {
    const sink = open({ max_bytes: 10, keep: 2 });
    for (const text of ['11111', '22222', '33333', '44444']) await sink.send([message(text)]);
    await sink.close();
    expect(readdirSync(directory).sort()).toEqual(['alerts.ndjson', 'alerts.ndjson.1', 'alerts.ndjson.2']);
    expect(readFileSync(path, 'utf8')).toBe('44444\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('33333\n');
    expect(readFileSync(`${path}.2`, 'utf8')).toBe('22222\n');
  });

  it('rotates by age', async () => {
    const sink = open({ max_age_hours: 1 });
    await sink.send([message('a')]);
    nowMs += 3_599_000;
    await sink.send([message('b')]);
    nowMs += 2_000;
    await sink.send([message('c')]);
    await sink.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('a\nb\n');
    expect(readFileSync(path, 'utf8')).toBe('c\n');
  });

  it('notices that the file was moved away', async () => {
    const sink = open();
    await sink.send([message('a')]);
    renameSync(path, `${path}.moved`);
    await sink.send([message('b')]);
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('b\n');
  });

  it('waits for a folder that is not there', async () => {
    path = join(directory, 'none', 'alerts.ndjson');
    const sink = open();
    await expect(sink.send([message('a')])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('ENOENT'),
    });
    await sink.close();
  });
});
