import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SightingStore, type SightingStoreOptions } from './sighting-store.ts';
import type { TaxiiFilter } from './taxii-collection.ts';

const parent = mkdtempSync(join(tmpdir(), 'flint-sightings-'));
afterAll(() => rmSync(parent, { recursive: true }));
let folders = 0;
const folder = (): string => join(parent, String(folders++));

function store(options: Partial<SightingStoreOptions> = {}): SightingStore {
  return new SightingStore({
    maxBytes: 1_000_000,
    now: () => 1_700_000_000_000,
    onDiskProblem: (reason) => {
      throw new Error(reason);
    },
    ...options,
  });
}

const ALL: TaxiiFilter = { afterUs: -1, versions: new Set(['last']) };
const address = { type: 'ipv4-addr', id: 'ipv4-addr--1', value: '192.0.2.1' };
const sighting = (n: number, modified = '2024-01-01T00:00:00.000Z', padding = '') => ({
  ...{ type: 'sighting', id: `sighting--${n}`, created: '2024-01-01T00:00:00.000Z', modified, padding },
  sighting_of_ref: 'indicator--1',
});
const ids = (of: SightingStore, filter: Partial<TaxiiFilter> = {}): string[] =>
  [...of.select({ ...ALL, ...filter })].map(({ id }) => id);
const dates = (of: SightingStore): number[] =>
  [...of.select({ ...ALL, versions: new Set(['all']) })].map((e) => e.dateUs);

describe('sightings', () => {
  it('have each a date of its own, later than all before, also when the clock stands still or goes back', () => {
    let now = 1_700_000_000_000;
    const sightings = store({ now: () => now });
    for (let n = 0; n < 50; n++) {
      sightings.add([sighting(n)]);
      now -= 7;
    }
    const given = dates(sightings);
    expect(new Set(given).size).toBe(50);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
  });

  it('are there once, and a later version beside the first', () => {
    const sightings = store();
    sightings.add([address, sighting(1)]);
    sightings.add([address, sighting(1)]);
    sightings.add([address, sighting(1, '2024-01-02T00:00:00.000Z')]);
    expect(ids(sightings)).toEqual(['ipv4-addr--1', 'sighting--1']);
    const versions = (which: string | number) =>
      [...sightings.select({ ...ALL, ids: new Set(['sighting--1']), versions: new Set([which]) })].map(
        (e) => e.version,
      );
    expect(versions('last')).toEqual(['2024-01-02T00:00:00.000Z']);
    expect(versions('first')).toEqual(['2024-01-01T00:00:00.000Z']);
    expect(versions('all')).toHaveLength(2);
    expect(versions(Date.UTC(2024, 0, 1))).toEqual(['2024-01-01T00:00:00.000Z']);
    expect(versions(5)).toEqual([]);
  });

  it('are filtered by type, date and version of STIX', () => {
    const sightings = store();
    sightings.add([address, sighting(1), sighting(2)]);
    expect(ids(sightings, { types: new Set(['sighting']) })).toEqual(['sighting--1', 'sighting--2']);
    expect(ids(sightings, { afterUs: dates(sightings)[1] ?? 0 })).toEqual(['sighting--2']);
    expect(ids(sightings, { specVersions: new Set(['2.0']) })).toEqual([]);
  });

  it('stay within the limit; what a kept one refers to is kept with it', () => {
    const place = folder();
    const sightings = store({ folder: place, maxBytes: 65_536 });
    for (let n = 0; n < 2000; n++) {
      sightings.add([address, sighting(n, undefined, 'x'.repeat(100))]);
      const kept = ids(sightings);
      expect(kept.at(-1)).toBe(`sighting--${n}`);
      expect(kept).toContain(address.id);
    }
    expect(sightings.counts.bytes).toBeLessThanOrEqual(65_536);
    expect(sightings.counts.evicted).toBeGreaterThan(1000);
    expect(sightings.has('sighting--0')).toBe(false);
    expect(readdirSync(place).length).toBeLessThanOrEqual(9);
    sightings.flush();
    expect(ids(store({ folder: place, maxBytes: 65_536 }))).toEqual(ids(sightings));
  });

  it('survive a restart with their dates; a torn line is left out and later ones are read', () => {
    const place = folder();
    const first = store({ folder: place });
    first.add([address, sighting(1)]);
    first.flush();
    const [name = ''] = readdirSync(place);
    appendFileSync(join(place, name), '1700000000000999 {"type":"sigh');
    const second = store({ folder: place, now: () => 5 });
    expect(dates(second)).toEqual(dates(first));
    expect(second.counts.damaged).toBe(1);
    second.add([sighting(2)]);
    second.flush();
    const third = store({ folder: place });
    expect(ids(third)).toEqual(['ipv4-addr--1', 'sighting--1', 'sighting--2']);
    expect(dates(third)).toEqual(dates(second));
    expect(readFileSync(join(place, name), 'utf8')).toContain('sighting--2');
  });

  it('go on in memory when the disk fails, which is told once', () => {
    const place = folder();
    const told: string[] = [];
    const sightings = store({ folder: place, onDiskProblem: (reason) => told.push(reason) });
    rmSync(place, { recursive: true });
    writeFileSync(place, '');
    for (const n of [1, 2]) {
      sightings.add([sighting(n)]);
      sightings.flush();
    }
    expect(told).toHaveLength(1);
    expect(ids(sightings)).toHaveLength(2);
  });
});
