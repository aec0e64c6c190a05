import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from './sink.ts';
import { Spool } from './spool.ts';

const message = (n: number, size = 0): OutgoingMessage => ({
  id: `id-${n}`,
  body: Buffer.from(`${n}:${'x'.repeat(size)}`),
});
const ids = (messages: readonly OutgoingMessage[]) => messages.map(({ id }) => Number(id.slice(3)));

describe('spool', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-spool-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = (maxBytes = 1_000_000, segmentBytes = 300) =>
    Spool.open({ directory, maxBytes, segmentBytes, sync: 'never' });
  const segments = () => readdirSync(directory).filter((name) => name.endsWith('.seg'));

  async function all(spool: Spool): Promise<number[]> {
    const seen: number[] = [];
    for (;;) {
      const batch = await spool.peek(3, 1000);
      if (batch.length === 0) return seen;
      seen.push(...ids(batch));
      await spool.advance(batch.length);
    }
  }

  it('gives messages back in order, over many segments, and removes what is done', async () => {
    const spool = await open();
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    expect(await spool.append(numbers.map((n) => message(n, 20)))).toBe(100);
    expect(segments().length).toBeGreaterThan(5);
    expect(await all(spool)).toEqual(numbers);
    expect(spool.pendingMessages).toBe(0);
    await spool.append([message(100)]);
    expect(segments().length).toBeLessThanOrEqual(2);
    expect(await all(spool)).toEqual([100]);
    await spool.close();
  });

  it('is private to its owner', async () => {
    const spool = await open();
    await spool.append([message(1)]);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    await spool.close();
  });

  it('syncs when asked to and keeps the bytes of a body as they are', async () => {
    const spool = await Spool.open({ directory, maxBytes: 100_000, sync: 'always' });
    const body = Buffer.from([0, 255, 10, 13, 0xc3]);
    await Promise.all([spool.append([{ id: 'ä', body }]), spool.append([message(2)])]);
    const [first] = await spool.peek(10, 1000);
    expect(first?.id).toBe('ä');
    expect(Buffer.from(first?.body ?? []).equals(body)).toBe(true);
    await spool.close();
  });

  it('takes no more than its limit, and again when room is made', async () => {
    const spool = await open(1000, 200);
    const taken = await spool.append(Array.from({ length: 50 }, (_, i) => message(i, 50)));
    expect(taken).toBeGreaterThan(3);
    expect(taken).toBeLessThan(50);
    expect(await spool.append([message(99, 50)])).toBe(0);
    await all(spool);
    expect(await spool.append([message(99, 50)])).toBe(1);
    await spool.close();
  });

  it('holds, after a kill at any point, all that was confirmed and not advanced over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ append: fc.integer({ min: 1, max: 8 }) }),
            fc.record({ advance: fc.integer({ min: 1, max: 8 }) }),
          ),
          { maxLength: 30 },
        ),
        async (steps) => {
          const work = mkdtempSync(join(tmpdir(), 'flint-spool-kill-'));
          const options = { maxBytes: 1_000_000, segmentBytes: 200, sync: 'never' as const };
          let spool = await Spool.open({ ...options, directory: join(work, '0') });
          const expected: number[] = [];
          let next = 0;
          for (const [i, step] of steps.entries()) {
            if ('append' in step) {
              const batch = Array.from({ length: step.append }, () => next++);
              await spool.append(batch.map((n) => message(n, n % 40)));
              expected.push(...batch);
            } else {
              const batch = await spool.peek(step.advance, 1000);
              await spool.advance(batch.length);
              expected.splice(0, batch.length);
            }
            // The process ends here: what is on disk now is all that the next one has.
            cpSync(join(work, String(i)), join(work, String(i + 1)), { recursive: true });
            await spool.close();
            spool = await Spool.open({ ...options, directory: join(work, String(i + 1)) });
            expect(spool.pendingMessages).toBe(expected.length);
          }
          expect(await all(spool)).toEqual(expected);
          await spool.close();
          rmSync(work, { recursive: true });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('finds the messages before a tail torn at any byte, and goes on after it', async () => {
    const spool = await open(100_000, 100_000);
    await spool.append([0, 1, 2, 3].map((n) => message(n, 10)));
    await spool.close();
    const name = segments()[0] ?? '';
    const whole = readFileSync(join(directory, name));
    const recordBytes = (whole.length - 8) / 4;
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(join(directory, name), whole);
      truncateSync(join(directory, name), length);
      const reopened = await open(100_000, 100_000);
      const survivors = Math.max(0, Math.floor((length - 8) / recordBytes));
      expect(reopened.pendingMessages).toBe(survivors);
      await reopened.append([message(9)]);
      expect(await all(reopened)).toEqual([...[0, 1, 2, 3].slice(0, survivors), 9]);
      await reopened.close();
      rmSync(directory, { recursive: true });
      mkdirSync(directory);
    }
  });

  it('passes over a damaged record, counts it, and keeps the others', async () => {
    const spool = await open(100_000, 100_000);
    await spool.append([0, 1, 2].map((n) => message(n, 10)));
    await spool.close();
    const path = join(directory, segments()[0] ?? '');
    const bytes = readFileSync(path);
    const middle = 8 + (bytes.length - 8) / 2;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    const reopened = await open();
    expect(reopened.damagedMessages).toBe(1);
    expect(await all(reopened)).toEqual([0, 2]);
    await reopened.close();
  });

  it('notices damage that comes while it is open, and does not wait for it', async () => {
    const spool = await open(100_000, 100_000);
    await spool.append([0, 1].map((n) => message(n, 10)));
    const path = join(directory, segments()[0] ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    expect(await all(spool)).toEqual([0]);
    expect(spool.pendingMessages).toBe(0);
    expect(spool.damagedMessages).toBe(1);
    await spool.close();
  });

  it('survives any bytes in its files', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 64 }),
        async (segment, position) => {
          const work = mkdtempSync(join(tmpdir(), 'flint-spool-fuzz-'));
          writeFileSync(join(work, 'spool-000000000000001.seg'), Buffer.concat([Buffer.from('FLNTSPL1'), segment]));
          writeFileSync(join(work, 'position'), position);
          const spool = await Spool.open({ directory: work, maxBytes: 10_000, sync: 'never' });
          await spool.append([message(5)]);
          expect(await all(spool)).toContain(5);
          await spool.close();
          rmSync(work, { recursive: true });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses what cannot be written, and works again when it can', async () => {
    const spool = await open();
    await spool.append([message(0)]);
    // A file of the next segment's name stands in the way: creating it fails.
    writeFileSync(join(directory, 'spool-000000000000002.seg'), '');
    await expect(spool.append([message(1, 290)])).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await spool.append([message(2, 290)])).toBe(1);
    expect(await all(spool)).toEqual([0, 2]);
    await spool.close();
  });
});
