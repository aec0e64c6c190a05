/**
 * What the sieve takes for plain JSON is JSON, with its texts where they stand: random lines of what ends texts, blocks and records, in
 * all places of a block, against JSON.parse.
 */
import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { testRounds, testSeed } from '../testing/test-runs.ts';
import { EventSieve } from './event-sieve.ts';
import { ScanMemory } from './scan-memory.ts';
import { EVERY_RULE } from './sieve-result.ts';

const NAMES = ['a', 'b', 'Message'];
const PIECES = [
  ...[
    '\\\\',
    '\\"',
    '\\n',
    '\\r\\n',
    '\\t\\t',
    '\\f',
    '\\b',
    '\\/',
    '\\u0041',
    '\\ud83d\\ude00',
    'ä',
    '\u2028',
    '"',
    ' ',
    ',',
  ],
  ...['x', 'text', '{', '}', '":"', '\\\\\\\\', 'and more of it'.repeat(5), 'of some words, and long '.repeat(3)],
];
/** What no text may have. */
const ODD = ['\\', '\\x', '\\u00', '\\u00g1', '\t', '\u0001', '\\N', '\\\u007f', '\r', '"'];

/** Lists the values of NAMES in every record. */
function listingSieve(): EventSieve {
  const sieve: EventSieve = new EventSieve(new ScanMemory(), {
    ...{ inputBytes: 1 << 17, maxDepth: 16 },
    resolve: () => ({
      kind: {
        ...{ atoms: 0, slots: 0, matchers: new Map(), doubtfulKeys: new Set<number>(), keywords: undefined },
        ...{ numbers: new Uint32Array(0), always: [], triggers: [], searched: new Map(), automata: [] },
        ...{ code: [], codeStarts: [] },
        feeds: NAMES.map((name) => sieve.keyOf([name]) ?? 0),
      },
      questions: [],
      label: '',
    }),
  });
  return sieve;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    // SyntaxError: no JSON.
    return undefined;
  }
}

function randomLine(random: Random): string {
  const odd = random.int(12) === 0;
  const text = (most: number): string => {
    let made = '';
    for (let left = random.int(most); left > 0; left--)
      made += random.pick(PIECES.slice(0, random.int(4) === 0 ? undefined : 12));
    return made;
  };
  const values = NAMES.slice(0, 1 + random.int(NAMES.length)).map((name) => {
    const value = text(name === 'Message' ? 60 : 8);
    const at = random.int(value.length + 1);
    return `"${name}":"${odd && random.int(3) === 0 ? value.slice(0, at) + random.pick(ODD) + value.slice(at) : value}"`;
  });
  return `{${values.join(',')}}`;
}

it('takes for plain JSON what JSON.parse takes, with the same texts', () => {
  const seed = testSeed();
  const random = new Random(seed);
  const sieve = listingSieve();
  const counts = { plain: 0, exact: 0, refused: 0 };
  const rounds = testRounds(150, 10_000);
  for (let round = 0; round < rounds; round++) {
    const lines = Array.from({ length: 1 + random.int(12) }, () => randomLine(random).replaceAll('\n', ' '));
    const ends: string[] = lines.map(() => (random.int(3) === 0 ? '\r\n' : '\n'));
    if (random.int(2) === 0) ends[ends.length - 1] = '';
    const bytes = Buffer.from(lines.map((line, i) => line + ends[i]).join(''));
    sieve.input.fill(0x22, bytes.length, bytes.length + 128);
    sieve.input.set(bytes);
    const { records, candidateCount, ordinals, ruleCounts, fieldStarts, fieldCounts, fields } = sieve.scanLines(
      bytes.length,
      true,
    );
    const where = `seed ${seed}, round ${round}`;
    expect([records, candidateCount], where).toEqual([lines.length, lines.length]);
    for (let i = 0; i < candidateCount; i++) {
      const line = lines[ordinals[i] ?? 0] ?? '';
      const json = parsed(line);
      const isExact = ruleCounts[i] === EVERY_RULE;
      if (json === undefined) counts.refused++;
      if (isExact) {
        // Keys that come twice, and characters of white space that no text may have, are for the exact path too.
        counts.exact++;
        continue;
      }
      const from = 3 * (fieldStarts[i] ?? 0);
      const listed = Array.from({ length: fieldCounts[i] ?? 0 }, (_, field) => {
        const [, start, end] = fields.subarray(from + 3 * field, from + 3 * field + 3);
        return JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as unknown;
      });
      expect(json === undefined ? 'no JSON' : Object.values(json), `${where}: ${line}`).toEqual(listed);
      counts.plain++;
    }
  }
  expect(counts.plain).toBeGreaterThan(2 * rounds);
  expect(counts.refused).toBeGreaterThan(rounds / 4);
  expect(counts.exact).toBeGreaterThan(counts.refused / 2);
});
