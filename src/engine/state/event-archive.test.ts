import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Event } from '../../core/event.ts';
import { FileEventArchive } from './event-archive.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const event: Event = {
  fields: { a: 1 },
  original: '{"a":1}',
  format: 'json',
  timeMs: 5,
  timeOrigin: 'field',
  origin: {
    source: { input: 'in', path: 'udp://x', id: 'udp:1', replayable: false, timezone: 'Z' },
    ...{ position: 3, line: 0, record: 0, part: 0, arrivalMs: 5 },
  },
};

describe('event archive', () => {
  it('lets matching go on when its folder cannot be used, and keeps events as soon as it can', () => {
    const path = join(folder, 'evidence');
    writeFileSync(path, 'a file where the folder should be');
    const reasons: string[] = [];
    const archive = new FileEventArchive(() => path, {
      ...{ maxBytes: 1 << 20, maxAgeMs: 60_000, now: () => 5 },
      onFailure: (reason) => reasons.push(reason),
    });
    archive.put(event);
    archive.flush();
    expect([archive.position, archive.get('udp:1', 3, 0)]).toEqual([undefined, undefined]);
    expect(Array.from(archive.since({ segment: 1, offset: 0 }))).toEqual([]);
    expect([archive.metrics(), new Set(reasons)]).toEqual([{ evidence_failed: 1 }, new Set(['EEXIST'])]);
    rmSync(path);
    archive.put(event);
    archive.flush();
    expect([archive.get('udp:1', 3, 0), archive.metrics()]).toMatchObject([event, { evidence_failed: 1 }]);
    archive.close();
  });
});
