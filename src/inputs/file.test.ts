import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOptions } from '../config/options.ts';
import { assertCompliance, assertConservation, type TestContext, testContext } from './compliance.ts';
import { fileInput } from './file.ts';
import { selectFiles } from './file-selection.ts';
import type { Input } from './input.ts';
import { MemoryPositionStore } from './position-store.ts';

let folder = '';
const open: Input[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-file-'));
});

afterEach(async () => {
  for (const input of open.splice(0)) await input.stop();
  rmSync(folder, { recursive: true });
});

function make(
  path: string,
  given: Record<string, unknown>,
  context = testContext(),
): { input: Input; context: TestContext } {
  const { values, diagnostics } = checkOptions(fileInput.options, { poll_ms: 10, rotate_wait_ms: 0, ...given }, 'test');
  expect(diagnostics).toEqual([]);
  const input = fileInput.create(
    { protocol: 'file', transport: '', host: '', port: 0, path, options: values },
    context,
  );
  open.push(input);
  return { input, context };
}

async function readAll(path: string, given: Record<string, unknown> = {}): Promise<TestContext> {
  const { input, context } = make(path, { mode: 'read', ...given });
  await input.start();
  await input.finished;
  await input.stop();
  assertConservation(context);
  return context;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('file, read once', () => {
  it('keeps the contract of inputs', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'one\ntwo\n');
    const { input, context } = make(path, { mode: 'read' });
    await assertCompliance(input, context, async () => {}, 2);
    expect(context.intake.texts).toEqual(['one', 'two']);
  });

  it('gives path, line, offset and ordinal of each record', async () => {
    const path = join(folder, 'a.json');
    writeFileSync(path, '{"a":1}\n\n{"b":2}\r\nlast line');
    const context = await readAll(path);
    expect(context.intake.records.map((r) => [r.text, r.path, r.position, r.line, r.record])).toEqual([
      ['{"a":1}', path, 0, 1, 0],
      ['{"b":2}', path, 9, 3, 1],
      ['last line', path, 18, 4, 2],
    ]);
    expect(context.intake.records[0]?.sourceId).toMatch(/^file:\d+:[0-9a-f]{32}$/);
  });

  it('takes a folder in path order, arrays, wrappers, gzip and empty files', async () => {
    mkdirSync(join(folder, 'b'));
    writeFileSync(join(folder, 'a.json'), '[{"a":1},{"a":2}]');
    writeFileSync(join(folder, 'b', 'x.json.gz'), gzipSync('{"Records":[{"b":1}]}'));
    writeFileSync(join(folder, 'c.log'), '');
    writeFileSync(join(folder, 'd.log'), 'text\n{"d":1}');
    const context = await readAll(folder);
    expect(context.intake.texts).toEqual(['{"a":1}', '{"a":2}', '{"b":1}', 'text', '{"d":1}']);
  });

  it('reads records across chunks of 1 MB', async () => {
    const path = join(folder, 'big.ndjson');
    const lines = Array.from({ length: 5000 }, (_, k) => JSON.stringify({ k, text: 'x'.repeat(500 + (k % 300)) }));
    writeFileSync(path, lines.join('\n'));
    const context = await readAll(path);
    expect(context.intake.texts).toEqual(lines);
    expect(context.intake.batches).toBeLessThan(20);
    expect(context.intake.records.every(({ line, record }) => line === record + 1)).toBe(true);
  });

  it('counts a damaged gzip file and keeps what came before the damage', async () => {
    const gzip = gzipSync(Array.from({ length: 20_000 }, (_, k) => `line ${k}`).join('\n'));
    writeFileSync(join(folder, 'cut.gz'), gzip.subarray(0, gzip.length / 2));
    writeFileSync(join(folder, 'next.log'), 'next');
    const context = await readAll(folder);
    expect(context.intake.texts.length).toBeGreaterThan(1000);
    expect(context.intake.texts.at(-1)).toBe('next');
    expect(context.counters.snapshot().dropped).toEqual({ bad_compression: 1 });
  });

  it('refuses a path that is not there', async () => {
    const { input } = make(join(folder, 'missing.log'), { mode: 'read' });
    await expect(input.start()).rejects.toMatchObject({ diagnostics: [{ code: 'ENV_FILE_UNREADABLE' }] });
  });
});

describe('file, followed', () => {
  it('keeps the contract of inputs', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'one\ntwo\nunfinished');
    const { input, context } = make(path, {});
    await assertCompliance(input, context, async () => {}, 2);
    expect(context.intake.texts).toEqual(['one', 'two']);
  });

  it('gives lines as they are completed, and files as they appear', async () => {
    const { input, context } = make(join(folder, '*.log'), {});
    await input.start();
    const path = join(folder, 'a.log');
    writeFileSync(path, 'one\ntw');
    await context.intake.received(1);
    appendFileSync(path, 'o\nthree\n');
    writeFileSync(join(folder, 'b.log'), 'other\n');
    await context.intake.received(4);
    expect([...context.intake.texts].sort()).toEqual(['one', 'other', 'three', 'two']);
  });

  it('survives rotation by renaming, with late lines in the old file and an unfinished last line', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'one\n');
    const { input, context } = make(`${folder}/a.log*`, { rotate_wait_ms: 0 });
    await input.start();
    await context.intake.received(1);
    appendFileSync(path, 'two\nthree without end');
    renameSync(path, join(folder, 'a.log.1'));
    writeFileSync(path, 'four\n');
    await context.intake.received(4);
    await until(() => context.counters.snapshot().counts['opened_files'] === 3);
    expect([...context.intake.texts].sort()).toEqual(['four', 'one', 'three without end', 'two']);
    expect(new Set(context.intake.records.map(({ sourceId }) => sourceId)).size).toBe(2);
    await input.stop();
    assertConservation(context);
  });

  it('survives copytruncate, also when the file has grown past the old end since', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'first one\nfirst two\n');
    const { input, context } = make(path, {});
    await input.start();
    await context.intake.received(2);
    copyFileSync(path, join(folder, 'copy'));
    truncateSync(path);
    appendFileSync(path, 'a much longer first line than before\nsecond\n');
    await context.intake.received(4);
    truncateSync(path);
    await until(() => context.counters.snapshot().counts['truncated_files'] === 2);
    appendFileSync(path, 'third\n');
    await context.intake.received(5);
    expect(context.intake.texts.slice(2)).toEqual(['a much longer first line than before', 'second', 'third']);
    expect(context.intake.records.slice(2).map(({ line }) => line)).toEqual([1, 2, 1]);
    await input.stop();
    assertConservation(context);
  });

  it('begins at the end when told to', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'old\n');
    const { input, context } = make(path, { start: 'end' });
    await input.start();
    await until(() => context.counters.snapshot().gauges['open_files'] === 1);
    appendFileSync(path, 'new\n');
    await context.intake.received(1);
    expect(context.intake.texts).toEqual(['new']);
  });

  it('waits for a file that is not there yet', async () => {
    const path = join(folder, 'later.log');
    const { input, context } = make(path, {});
    await input.start();
    expect(context.reported).toEqual(['ENV_FILE_UNREADABLE']);
    writeFileSync(path, 'here\n');
    await context.intake.received(1);
  });
});

describe('file, taken up again', () => {
  it('resumes exactly, whatever the framing, after any number of stops', async () => {
    const text = '{"a":1}\n{"b":\n2}\n[{"c":3},{"c":4}]\n{"v":1,"Records":[{"d":1},{"d":2}]}\nplain\n{"e":5}\n';
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(text.length), { maxLength: 5 }),
        fc.constantFrom('auto', 'json', 'lines', 'ndjson'),
        async (cuts, framing) => {
          const path = join(folder, 'resumed.log');
          writeFileSync(path, text);
          const whole = (await readAll(path, { framing })).intake.records;
          rmSync(path);
          const positions = new MemoryPositionStore();
          const seen: unknown[] = [];
          let from = 0;
          for (const to of [...cuts.sort((a, b) => a - b), text.length]) {
            appendFileSync(path, text.slice(from, to));
            from = to;
            const { input, context } = make(path, { framing }, testContext({ positions }));
            await input.start();
            if (to === text.length) await context.intake.received(whole.length - seen.length);
            else if (to > 0) await until(() => context.counters.snapshot().gauges['open_files'] === 1);
            await input.stop();
            seen.push(...context.intake.records.map((r) => [r.text, r.position, r.line, r.record]));
          }
          expect(seen).toEqual(whole.map((r) => [r.text, r.position, r.line, r.record]));
          rmSync(path);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('saves nothing that is not settled', async () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'one\ntwo\n');
    const positions = new MemoryPositionStore();
    const saved: number[] = [];
    const store = {
      get: positions.get.bind(positions),
      set: (key: string, position: Parameters<typeof positions.set>[1]): void => {
        saved.push(position.offset);
        positions.set(key, position);
      },
    };
    const { input, context } = make(path, {}, testContext({ positions: store }));
    context.intake.holding = true;
    await input.start();
    await context.intake.received(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(saved).toEqual([]);
    context.intake.release();
    await input.stop();
    expect(saved).toEqual([8]);
  });

  it('resumes inside a compressed file', async () => {
    const path = join(folder, 'a.gz');
    const lines = Array.from({ length: 100_000 }, (_, k) => `line ${k}`);
    writeFileSync(path, gzipSync(lines.join('\n')));
    const positions = new MemoryPositionStore();
    const first = make(path, { mode: 'read', pending_bytes: 65_536 }, testContext({ positions }));
    await first.input.start();
    await first.context.intake.received(1000);
    await first.input.stop();
    const before = first.context.intake.texts.length;
    const second = make(path, { mode: 'read' }, testContext({ positions }));
    await second.input.start();
    await second.input.finished;
    expect([...first.context.intake.texts, ...second.context.intake.texts]).toEqual(lines);
    expect(before).toBeLessThan(lines.length);
  });

  it('takes a new file in the place of an old one from its beginning', async () => {
    const path = join(folder, 'a.log');
    const positions = new MemoryPositionStore();
    writeFileSync(path, 'old one\nold two\n');
    const first = make(path, { mode: 'read' }, testContext({ positions }));
    await first.input.start();
    await first.input.finished;
    writeFileSync(path, 'new one\nnew two\nnew three\n');
    const second = make(path, { mode: 'read' }, testContext({ positions }));
    await second.input.start();
    await second.input.finished;
    expect(second.context.intake.texts).toEqual(['new one', 'new two', 'new three']);
    expect(second.context.intake.records[0]?.sourceId).not.toBe(first.context.intake.records[0]?.sourceId);
  });
});

describe('selectFiles', () => {
  it('understands one file, folders and patterns, in path order, and follows no link to a folder', () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    for (const name of ['z.log', 'a/x.log', 'a/b/y.log', 'a/b/y.txt', 'a+b.log'])
      writeFileSync(join(folder, name), 'x');
    symlinkSync(folder, join(folder, 'a', 'loop'));
    const names = (path: string): string[] =>
      selectFiles(path, () => {}).map((file) => file.path.slice(folder.length + 1));
    expect(names(join(folder, 'z.log'))).toEqual(['z.log']);
    expect(names(folder)).toEqual(['a+b.log', 'a/b/y.log', 'a/b/y.txt', 'a/x.log', 'z.log']);
    expect(names(join(folder, '*.log'))).toEqual(['a+b.log', 'z.log']);
    expect(names(join(folder, '**', '*.log'))).toEqual(['a+b.log', 'a/b/y.log', 'a/x.log', 'z.log']);
    expect(names(join(folder, 'a', '?.log'))).toEqual(['a/x.log']);
    expect(names(join(folder, 'a+*'))).toEqual(['a+b.log']);
    expect(names(join(folder, 'none'))).toEqual([]);
  });
});
