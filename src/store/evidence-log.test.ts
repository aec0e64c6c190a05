import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvidenceLog } from './evidence-log.ts';
import type { EvidenceReference } from './evidence-record.ts';

let path = '';
let nowMs = 1_000_000;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'flint-evidence-'));
});
afterEach(() => rmSync(path, { recursive: true }));

function open(maxBytes = 1 << 20): EvidenceLog {
  const onFailure = (reason: string): never => expect.fail(reason);
  return new EvidenceLog(path, { maxBytes, maxAgeMs: 60_000, now: () => nowMs, onFailure });
}

function reference(position: number, source = 'file:1:äb'): EvidenceReference {
  return { source, position, part: Math.floor(position) % 3 };
}

describe('evidence log', () => {
  it('gives back what was put, also after it was opened anew, and nothing else', () => {
    const log = open();
    for (let i = 0; i < 5000; i++) log.put(reference(i * 1e6 + 0.5), () => `body ${i} ü`);
    expect(log.get(reference(4e6 + 0.5))).toBe('body 4 ü');
    log.close();
    const again = open();
    expect(again.counts).toMatchObject({ events: 5000, damaged: 0 });
    expect(again.get(reference(4_999e6 + 0.5))).toBe('body 4999 ü');
    expect([again.get(reference(7)), again.get(reference(4e6 + 0.5, 'other'))]).toEqual([undefined, undefined]);
    again.close();
  });

  it('keeps an event once, and does not even ask for it again', () => {
    const log = open();
    log.put(reference(1), () => 'first');
    log.put(reference(1), () => expect.fail('asked again'));
    expect([log.counts.events, log.get(reference(1))]).toEqual([1, 'first']);
    log.close();
  });

  it('drops the oldest segment when it is full or old, and counts its events', () => {
    const log = open(256 << 10);
    for (let i = 0; i < 1000; i++) log.put(reference(i), () => 'x'.repeat(1000));
    const { events, dropped, bytes } = log.counts;
    expect(events + dropped).toBe(1000);
    expect(dropped).toBeGreaterThan(500);
    expect(bytes).toBeLessThan(256 << 10);
    expect([log.get(reference(0)), log.get(reference(999))?.length]).toEqual([undefined, 1000]);
    log.close();
    nowMs += 120_000;
    const later = open(256 << 10);
    expect(later.counts.events).toBeGreaterThan(0);
    const sizes = readdirSync(path).map((name) => statSync(join(path, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(256 << 10);
    later.close();
  });

  it('drops what is too old although no segment is full, at most a sixteenth of the age later', () => {
    const log = open();
    const putMs = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      log.put(reference(i), () => `body ${i}`);
      putMs.set(i, nowMs);
      log.flush();
      for (const [event, sinceMs] of putMs) {
        if (nowMs - sinceMs <= 60_000) expect(log.get(reference(event))).toBe(`body ${event}`);
        if (nowMs - sinceMs > 60_000 * (1 + 2 / 16)) expect(log.get(reference(event))).toBeUndefined();
      }
      nowMs += 1_000;
    }
    expect(log.counts.dropped).toBeGreaterThan(100);
    // Nothing is put any more.
    nowMs += 70_000;
    log.flush();
    nowMs += 70_000;
    log.flush();
    expect([log.counts.events, readdirSync(path).length]).toEqual([0, 1]);
    log.close();
  });

  it('tells the events since a position', () => {
    const log = open(256 << 10);
    log.put(reference(1), () => 'before');
    const { position } = log;
    for (let i = 2; i < 100; i++) log.put(reference(i), () => `${i} ${'x'.repeat(1500)}`);
    expect(Array.from(log.since(position), (body) => body.split(' ')[0])).toEqual(
      Array.from({ length: 98 }, (_, i) => String(i + 2)),
    );
    log.close();
  });

  it('loses only what is damaged: a torn end is cut off, a wrong byte costs one event', () => {
    const log = open();
    for (let i = 0; i < 10; i++) log.put(reference(i), () => `body ${i}`);
    log.close();
    const file = join(path, 'evidence-1');
    const whole = readFileSync(file);
    for (let at = 8; at < whole.length; at += 11) {
      const wrong = Buffer.from(whole);
      wrong[at] = (wrong[at] as number) ^ 32;
      writeFileSync(file, wrong);
      const opened = open();
      for (let i = 0; i < 10; i++) expect([undefined, `body ${i}`]).toContain(opened.get(reference(i)));
      opened.close();
    }
    writeFileSync(file, whole.subarray(0, whole.length - 3));
    appendFileSync(join(path, 'evidence-x'), 'not ours');
    const torn = open();
    expect([torn.counts.events, torn.counts.damaged, torn.get(reference(9))]).toEqual([9, 1, undefined]);
    torn.put(reference(9), () => 'again');
    torn.close();
    const mended = open();
    expect([mended.counts.damaged, mended.get(reference(9)), mended.get(reference(8))]).toEqual([0, 'again', 'body 8']);
    mended.close();
  });

  it('counts and tells what cannot be written, and throws nothing', () => {
    const reasons: string[] = [];
    const options = { maxBytes: 1 << 20, maxAgeMs: 60_000, now: () => nowMs };
    const folder = join(path, 'log');
    const log = new EvidenceLog(folder, { ...options, onFailure: (reason) => reasons.push(reason) });
    for (let i = 0; i < 60; i++) log.put(reference(i), () => 'x'.repeat(1000));
    log.flush();
    // No new segment can be begun.
    rmSync(folder, { recursive: true });
    for (let i = 60; i < 80; i++) log.put(reference(i), () => 'x'.repeat(1000));
    expect([log.counts.failed, new Set(reasons)]).toEqual([reasons.length, new Set(['ENOENT'])]);
    expect([log.counts.failed > 10, log.get(reference(1))?.length, log.get(reference(79))]).toEqual([
      true,
      1000,
      undefined,
    ]);
    log.close();
  });
});
