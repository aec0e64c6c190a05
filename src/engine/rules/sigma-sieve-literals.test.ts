/**
 * Rules of one literal each, on random values: the sieve finds exactly the literals that stand in a value, whichever way they are looked
 * for (few at once, grams at each place or at every second or fourth), whole, at the start, at the end or anywhere, in a field or in
 * any value. The seed is printed with a failure.
 */
import { expect, it } from 'vitest';
import { isCertain, ruleOf } from '../../core/rule-candidate.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { GlobPart, Predicate, Test } from '../../ir/predicate.ts';
import { type Next, pick, seededRandom } from '../../testing/random-rules.ts';
import { rulesOf } from './rule-filter.ts';
import { SigmaSieve } from './sigma-sieve.ts';
import { testSeed } from '../../testing/test-runs.ts';

const ANY: GlobPart = { wildcard: 'any' };
const RECORDS = 300;

function text(next: Next, least: number, most: number): string {
  const length = least + next(most - least + 1);
  return Array.from({ length }, () => pick(next, ['a', 'b', 'c', 'd', 'e', 'x', '.', '\\', '_', ' ', '-'])).join('');
}

function glob(relation: string, literal: string): Test {
  const parts: readonly GlobPart[] = [
    ...(relation === 'ends' || relation === 'contains' ? [ANY] : []),
    { text: literal },
    ...(relation === 'starts' || relation === 'contains' ? [ANY] : []),
  ];
  return { kind: 'glob', parts, collation: 'folded', typing: 'bridged', normalize: 'none' };
}

function stands(relation: string, literal: string, value: string): boolean {
  if (relation === 'starts') return value.startsWith(literal);
  if (relation === 'ends') return value.endsWith(literal);
  return relation === 'equals' ? value === literal : value.includes(literal);
}

/** Values made of pieces of literals and of letters, so that most literals stand somewhere. */
function value(next: Next, literals: readonly string[]): string {
  return Array.from({ length: next(12) }, () => {
    const literal = pick(next, literals);
    return next(2) === 0 ? literal.slice(next(3), literal.length - next(2)) : text(next, 0, 20);
  }).join('');
}

it.each([
  { way: 'few at once', count: 20, least: 1, most: 12 },
  { way: 'every fourth place', count: 200, least: 7, most: 30 },
  { way: 'every fourth place, some at once', count: 200, least: 6, most: 30 },
  { way: 'every second place', count: 150, least: 5, most: 9 },
  { way: 'each place', count: 150, least: 1, most: 8 },
])(
  'literals are found as they stand: $way',
  ({ count, least, most }) => {
    const seed = testSeed(20261122);
    const next = seededRandom(seed);
    let found = 0;
    let keywords = 0;
    let repeated = 0;
    for (let round = 0; round < 4; round++) {
      const literals = [...new Set(Array.from({ length: count }, () => text(next, least, most)))];
      const chosen = literals.map((literal) => ({
        literal,
        relation: next(4) > 0 ? 'contains' : pick(next, ['equals', 'starts', 'ends']),
        isKeyword: next(8) === 0,
      }));
      const rules = chosen.map(({ literal, relation, isKeyword }, i): DetectionRule => {
        const predicate: Predicate = isKeyword
          ? { kind: 'keyword', test: glob('contains', literal) }
          : {
              kind: 'compare',
              path: { kind: 'field', name: 'CommandLine' },
              test: glob(relation, literal),
              negate: false,
              absent: false,
            };
        return {
          kind: 'detection',
          details: { id: String(i), name: 'r' },
          origin: { file: 'r', line: 1 },
          logsource: { product: 'windows' },
          predicate,
          fields: [],
          alerts: true,
        };
      });
      const values: string[] = [];
      while (values.length < RECORDS) {
        const before = values.at(-1) ?? '';
        // Some values come again, some with another character in the middle.
        const again =
          before.slice(0, before.length >> 1) + pick(next, ['', 'x']) + before.slice((before.length >> 1) + 1);
        const one = next(4) === 0 ? again : next(6) === 0 ? pick(next, [...values, '']) : value(next, literals);
        values.push(next(4) === 0 ? one.toUpperCase() : one);
      }
      const lines = values.map((CommandLine, i) =>
        JSON.stringify({ EventID: 1, Channel: 'Microsoft-Windows-Sysmon/Operational', CommandLine, other: i }),
      );
      const bytes = Buffer.from(lines.join('\n'));
      const sieve = new SigmaSieve(rules, { inputBytes: 4 << 20, maxDepth: 8 });
      sieve.input.set(bytes);
      // From the second time on records have told what is rare.
      for (let pass = 0; pass < 3; pass++) {
        const result = sieve.scanLines(bytes.length, true);
        const byRecord = new Map<number, Uint32Array | undefined>();
        for (let i = 0; i < result.candidateCount; i++) byRecord.set(result.ordinals[i] ?? 0, rulesOf(result, i));
        for (const [record, line] of values.entries()) {
          const offered = byRecord.get(record) ?? new Uint32Array();
          const folded = line.toLowerCase();
          const others = [folded, String(record), '1', 'microsoft-windows-sysmon/operational'];
          const expected = chosen.map(({ literal, relation, isKeyword }) =>
            isKeyword ? others.some((one) => one.includes(literal)) : stands(relation, literal, folded),
          );
          const held = chosen.map((_, rule) => offered.some((one) => ruleOf(one) === rule));
          expect({ seed, line, held }).toEqual({ seed, line, held: expected });
          for (const one of offered) {
            if (chosen[ruleOf(one)]?.isKeyword === true) keywords++;
            else expect({ seed, line, rule: ruleOf(one), certain: isCertain(one) }).toMatchObject({ certain: true });
            found++;
          }
        }
      }
      repeated += sieve.counts.repeated;
    }
    expect(repeated).toBeGreaterThan(50);
    expect(found).toBeGreaterThan(200);
    expect(keywords).toBeGreaterThan(20);
  },
  60_000,
);
