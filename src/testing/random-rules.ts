/** Random Sigma-like rules and events for differential tests: few fields and words, so that much of it meets. */
import type { EventObject, EventValue } from '../core/event.ts';
import { and, not, or } from '../ir/build.ts';
import type { GlobPart, Literal, Predicate, Test } from '../ir/predicate.ts';
import { Random } from './random.ts';

/** `next(n)` is 0 to n - 1. */
export function seededRandom(seed: number): Next {
  const random = new Random(seed);
  return (limit) => random.int(limit);
}

export type Next = (limit: number) => number;
export const pick = <T>(next: Next, list: readonly T[]): T => list[next(list.length)] as T;

export const RANDOM_FIELDS = ['Image', 'CommandLine', 'a.b', 'EventID', 'n', 'list'] as const;
const ANY: GlobPart = { wildcard: 'any' };
const WORDS = [
  'cmd.exe',
  '\\CMD.EXE',
  'powershell',
  '-enc',
  'abcd',
  'ABCDEF',
  'x',
  '',
  'Ärger',
  'K',
  '\u212a',
  'ß',
  '1',
  '4688',
  '4688.0',
  'true',
  '10.1.2.3',
  'fe80::1',
  '::1',
  '::ffff:10.1.2.3',
  '[::1]',
  '10.1.0.0/16',
  '1:2:3:4:5:6:7:8',
  'fe80::1:2%4',
  '2001:DB8::9:a',
  'a\nb',
  '/w',
  '–w',
  'longer text with blanks',
] as const;

export function word(next: Next): string {
  return next(3) === 0 ? pick(next, WORDS) + pick(next, WORDS) : pick(next, WORDS);
}

function glob(next: Next): readonly GlobPart[] {
  const parts: GlobPart[] = [];
  for (let i = next(5) + 1; i > 0; i--) {
    const kind = next(6);
    if (kind < 3) parts.push({ text: word(next) || 'z' });
    else if (kind < 5) parts.push({ wildcard: 'any' });
    else parts.push(next(2) === 0 ? { wildcard: 'one' } : { oneOf: '-/–' });
  }
  return parts;
}

function randomTest(next: Next): Test {
  const collation = next(4) === 0 ? 'exact' : 'folded';
  const typing = 'bridged';
  switch (next(12)) {
    case 0:
    case 1:
      return { kind: 'equals', value: { type: 'string', value: word(next) }, collation, typing };
    case 2:
      return { kind: 'equals', value: { type: 'number', value: pick(next, [1, 4688, 10, -1.5]) }, collation, typing };
    case 3:
      return { kind: 'equals', value: { type: 'boolean', value: next(2) === 0 }, collation, typing };
    case 4:
      return { kind: 'null' };
    case 5:
      return { kind: 'exists' };
    case 6:
      return {
        kind: 'order',
        operator: pick(next, ['lt', 'lte', 'gt', 'gte'] as const),
        value: { type: 'number', value: next(20) },
        typing,
      };
    case 7:
      return {
        kind: 'regex',
        source: pick(next, [
          'abc+d',
          '^cmd',
          'sh(el)?l$',
          '(power|cmd)',
          '[a-c]{3}d',
          'K',
          '(?i)ABCD',
          'x|abcd',
          'longer\\s+text',
          'a\\.b',
          'A[^\\sx]',
          '\\s\\w{2,}',
        ]),
        flags: { ignoreCase: next(2) === 0, multiline: false, dotAll: false },
        typing,
        normalize: 'none',
      };
    case 8:
      return {
        kind: 'network',
        relation: 'subset',
        network: pick(next, [
          '10.0.0.0/8',
          '10.1.2.3/32',
          'fe80::/10',
          '::/0',
          '::1/128',
          '2001:db8::/33',
          '1:2:3:4:5::/81',
          '0.0.0.0/0',
        ]),
      };
    case 9:
      return {
        kind: 'field-reference',
        relation: pick(next, ['equals', 'contains', 'startswith', 'endswith'] as const),
        other: { kind: 'field', name: pick(next, RANDOM_FIELDS) },
        collation,
      };
    case 10: {
      const values: Literal[] = [
        { type: 'string', value: word(next) },
        { type: 'number', value: 1 },
      ];
      return { kind: 'in', values, collation, typing };
    }
    default:
      return { kind: 'glob', parts: glob(next), collation, typing, normalize: 'none' };
  }
}

/** `names`: further fields that are asked for. */
export function randomPredicate(next: Next, depth: number, names: readonly string[] = []): Predicate {
  const kind = depth === 0 ? 3 + next(5) : next(8);
  const items = (): Predicate[] => Array.from({ length: next(4) + 1 }, () => randomPredicate(next, depth - 1, names));
  if (kind === 0) return and(items());
  if (kind === 1) return or(items());
  if (kind === 2) return not(randomPredicate(next, depth - 1, names));
  if (kind === 3)
    return {
      kind: 'keyword',
      test: {
        kind: 'glob',
        parts: [...(next(8) > 0 ? [ANY] : []), ...glob(next), ...(next(8) > 0 ? [ANY] : [])],
        collation: next(3) === 0 ? 'exact' : 'folded',
        typing: 'bridged',
        normalize: 'none',
      },
    };
  if (kind === 4 && next(4) === 0)
    return {
      kind: 'elements',
      path: { kind: 'field', name: 'list' },
      quantifier: pick(next, ['any', 'all', 'all-or-empty', 'none', 0, -1, 1] as const),
      body: randomPredicate(next, 0, ['', 'b']),
    };
  const test = randomTest(next);
  const name = names.length > 0 && next(2) === 0 ? pick(next, names) : pick(next, RANDOM_FIELDS);
  return {
    kind: 'compare',
    path: { kind: 'field', name },
    test,
    negate: next(10) === 0,
    absent: test.kind === 'null',
  };
}

function randomValue(next: Next, depth: number): EventValue {
  const kind = next(10);
  if (kind < 5) return word(next);
  if (kind === 5) return pick(next, [1, 4688, 10, 0.5, -3]);
  if (kind === 6) return next(2) === 0;
  if (kind === 7) return null;
  if (depth === 0) return word(next);
  if (kind === 8) return Array.from({ length: next(3) }, () => randomValue(next, depth - 1));
  return { b: randomValue(next, depth - 1), Image: word(next) };
}

export function randomEvent(next: Next): EventObject {
  const event: Record<string, EventValue> = {};
  for (const name of [...RANDOM_FIELDS, 'a', 'other']) if (next(3) > 0) event[name] = randomValue(next, 2);
  return event;
}
