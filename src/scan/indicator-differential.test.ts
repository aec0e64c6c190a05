/**
 * Scanner and exact tables against the reference matcher: random indicators planted in random records with every transform.
 * Each record that the reference matches must be a candidate, and the exact path must give exactly the reference's hits.
 * FLINT_NIGHTLY=1 runs a million records; a failure names the seed, which FLINT_SEED repeats.
 */
import { describe, expect, it } from 'vitest';
import type { Indicator } from '../core/indicator.ts';
import { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import type { IndicatorTable } from '../core/indicator-table.ts';
import { observe } from '../fields/observables.ts';
import { IndicatorMatcher } from '../match/indicator-matcher.ts';
import { IndicatorOracle } from '../match/indicator-oracle.ts';
import { type PlainIndicator, plantedRecord, randomIndicators } from '../testing/planted-records.ts';
import { decodedEvents } from '../testing/decoded-events.ts';
import { Random } from '../testing/random.ts';
import { allocateScanner, IndicatorScanner } from './indicator-scanner.ts';
import { ScanMemory } from './scan-memory.ts';
import type { ScanResult } from './scanner.ts';
import { WitnessTables } from './witness-tables.ts';
import { NIGHTLY, testRounds, testSeed } from '../testing/test-runs.ts';

const ROUNDS = testRounds(8, 250);
const RECORDS = NIGHTLY ? 4000 : 1500;
const SEED = testSeed();

function tableOf(indicators: readonly PlainIndicator[]): IndicatorTable {
  const builder = new IndicatorTableBuilder();
  const details = builder.addDetails(builder.addFeed('test'), { provider: 'test' });
  for (const { kind, value, semantics } of indicators) builder.add(kind, value, semantics, details);
  return builder.finish();
}

interface HitText {
  readonly field: string;
  readonly seen: string;
  readonly how: string;
}

function lines(hits: readonly (HitText & { readonly key: string })[]): string[] {
  return [...new Set(hits.map(({ key, field, seen, how }) => `${key} | ${field} | ${seen} | ${how}`))].sort();
}

/** Text of each candidate by its ordinal. */
type Candidates = Map<number, string> & { encodingOnly?: number };

/** Ordinals of all candidates when the bytes arrive in chunks of `chunkBytes`, what is unfinished being moved to the front. */
function candidatesByLines(scanner: IndicatorScanner, bytes: Buffer, chunkBytes: number): Candidates {
  const candidates: Candidates = new Map();
  candidates.encodingOnly = 0;
  let kept = 0;
  let ordinal = 0;
  for (let at = 0; at < bytes.length; ) {
    const taken = Math.min(chunkBytes, bytes.length - at);
    scanner.input.set(bytes.subarray(at, at + taken), kept);
    at += taken;
    const length = kept + taken;
    const result = scanner.scanLines(length, at === bytes.length);
    collect(scanner, result, ordinal, candidates);
    ordinal += result.records;
    scanner.input.copyWithin(0, result.consumedBytes, length);
    kept = length - result.consumedBytes;
  }
  return candidates;
}

function collect(scanner: IndicatorScanner, result: ScanResult, first: number, candidates: Candidates): void {
  candidates.encodingOnly = (candidates.encodingOnly ?? 0) + result.encodingOnly;
  for (let i = 0; i < result.candidateCount; i++) {
    const [start, end] = [result.ranges[2 * i], result.ranges[2 * i + 1]];
    candidates.set(first + (result.ordinals[i] ?? 0), Buffer.from(scanner.input.subarray(start, end)).toString());
  }
}

describe('scanner and exact tables', () => {
  it(`agree with the reference matcher (seed ${SEED})`, { timeout: 3_600_000 }, () => {
    const random = new Random(SEED);
    const hitKinds = new Map<string, number>();
    let records = 0;
    let candidateCount = 0;
    const calm = { encodingOnly: 0, rejected: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const all = randomIndicators(random, 8);
      // Whole sets, and sets of few kinds: flags switch parts of the kernel off.
      const indicators = round % 3 === 0 ? all : all.filter(() => random.chance(0.3));
      const noise = round % 2 === 0 ? 0 : random.next();
      const table = tableOf(indicators);
      const oracle = new IndicatorOracle([...table]);
      const matcher = new IndicatorMatcher(table);
      const memory = new ScanMemory();
      const tables = WitnessTables.build(memory, table);
      const scanner = new IndicatorScanner(allocateScanner(memory, tables.address, 4_000_000));
      const texts = Array.from({ length: RECORDS }, () => plantedRecord({ random, indicators, noise }));
      const joined = Buffer.from(texts.map((text) => text + random.pick(['\n', '\r\n'])).join(''));
      const whole = candidatesByLines(scanner, joined, joined.length);
      const chunked = candidatesByLines(scanner, joined, 1 + random.int(20_000));
      expect([...chunked.keys()], `chunks, seed ${SEED}, round ${round}`).toEqual([...whole.keys()]);
      const given: Candidates = new Map();
      const ranges = new Uint32Array(2 * RECORDS);
      const separator = random.pick(['', ',', '\n']);
      let end = 0;
      for (const [i, text] of texts.entries()) {
        ranges[2 * i] = end;
        end += Buffer.from(text).copy(scanner.input, end);
        ranges[2 * i + 1] = end;
        end += Buffer.from(separator).copy(scanner.input, end);
      }
      collect(scanner, scanner.scanRecords(ranges, RECORDS), 0, given);
      records += RECORDS;
      candidateCount += whole.size;
      if (noise === 0) calm.encodingOnly += whole.encodingOnly ?? 0;
      if (noise === 0) calm.rejected += RECORDS - whole.size;
      for (const [i, text] of texts.entries()) {
        if (whole.has(i)) expect(whole.get(i)).toBe(text);
        for (const event of decodedEvents(Buffer.from(text))) {
          const observed = observe(event);
          const hits = oracle.match(observed);
          for (const { indicator } of hits) hitKinds.set(indicator.kind, (hitKinds.get(indicator.kind) ?? 0) + 1);
          const expected = lines(hits.map((hit) => ({ ...hit, key: keyOf(hit.indicator) })));
          const fast = matcher.match(observed).map((hit) => ({ ...hit, key: keyOf(table.get(hit.row)) }));
          const message = `seed ${SEED}, round ${round}, record ${i}: ${text}`;
          expect(lines(fast), message).toEqual(expected);
          if (hits.length > 0) {
            expect(whole.has(i), `not a candidate, ${message}\n${expected.join('\n')}`).toBe(true);
            expect(given.has(i), `not a candidate as given record, ${message}\n${expected.join('\n')}`).toBe(true);
          }
        }
      }
    }
    expect(records).toBe(ROUNDS * RECORDS);
    // The fast path did reject, and every kind was found.
    console.info(`${records} records, ${candidateCount} candidates`, calm, Object.fromEntries(hitKinds));
    expect(calm.rejected).toBeGreaterThan(records * 0.1);
    expect(calm.encodingOnly).toBeLessThan(records * 0.05);
    const kinds = ['domain', 'url', 'ipv4', 'ipv6', 'network', 'email', 'hash', 'file-name', 'registry-key', 'mutex'];
    for (const kind of [...kinds, 'user-agent', 'endpoint', 'text'])
      expect(hitKinds.get(kind) ?? 0, `hits of ${kind}, seed ${SEED}`).toBeGreaterThan(0);
  });
});

function keyOf({ kind, value, semantics }: Indicator): string {
  return `${kind} ${value} ${semantics}`;
}
