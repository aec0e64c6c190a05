/** Records in an order of keys that was met before must be read as if it had not been: random records, and small changes of each. */
import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { testRounds, testSeed } from '../testing/test-runs.ts';
import { EventSieve } from './event-sieve.ts';
import { ScanMemory } from './scan-memory.ts';

const NAMES = [
  'EventID',
  'Image',
  'a',
  'process',
  'a name of more than sixteen bytes',
  'a name of more than sixteen',
  'a name of twenty-eight bytes',
  'a name of twenty-nine bytes.',
  'tags',
  'b',
];
const WANTED = [
  'EventID',
  'Image',
  'a',
  'process',
  'a name of more than sixteen bytes',
  'a name of twenty-eight bytes',
  'a name of twenty-nine bytes.',
  'tags',
];
const VALUES = [
  '"text"',
  '"with \\"quotes\\""',
  '""',
  '"a text that is not as short as the others are, \\t with \\u0041 in it"',
  '4688',
  '0',
  '-1',
  '-0',
  '123456789012345',
  '1234567890123456',
  '12345678901234567890123456789012345',
  '-9214364837600034816',
  '0.5',
  'true',
  'null',
  '[]',
  '["x"]',
  '["x","y"]',
  '{}',
  '{"pid":"7"}',
];
/** No JSON. */
const ODD = ['01', '12x', '-', '"', 'nul'];

/** Lists some values of every record. */
function listingSieve(): EventSieve {
  const sieve: EventSieve = new EventSieve(new ScanMemory(), {
    ...{ inputBytes: 1 << 16, maxDepth: 16 },
    resolve: () => ({
      kind: {
        ...{ atoms: 0, slots: 0, matchers: new Map(), doubtfulKeys: new Set<number>(), keywords: undefined },
        ...{ numbers: new Uint32Array(0), always: [], triggers: [], searched: new Map(), automata: [] },
        ...{ code: [], codeStarts: [] },
        feeds: WANTED.map((name) => sieve.keyOf([name]) ?? 0),
      },
      questions: [],
      label: '',
    }),
  });
  return sieve;
}

/** Names are learnt at first. */
function learntSieve(): EventSieve {
  const sieve = listingSieve();
  for (let i = 0; i < 2; i++) scan(sieve, `{${NAMES.map((name) => `"${name}":1`).join(',')}}`);
  return sieve;
}

function value(random: Random): string {
  return random.pick(random.int(60) === 0 ? ODD : VALUES);
}

function scan(sieve: EventSieve, record: string, behind = '"}'): unknown {
  const bytes = Buffer.from(record);
  // What stands behind a record must not matter.
  sieve.input.set(Buffer.from(behind), bytes.length);
  sieve.input.set(bytes);
  const { candidateCount, ruleCounts, fields, fieldCounts } = sieve.scanRecords(Uint32Array.of(0, bytes.length), 1);
  return [candidateCount, ruleCounts[0], Array.from(fields.subarray(0, 3 * (fieldCounts[0] ?? 0)))];
}

it('reads records in a known order of keys as those in an unknown one', () => {
  const seed = testSeed(20261121);
  const random = new Random(seed);
  const sieve = learntSieve();
  let forgetful = learntSieve();
  const { foreseen } = sieve.counts;
  let refused = 0;
  let pairs: string[] = [];
  const rounds = testRounds(6000, 200_000);
  for (let round = 0; round < rounds; round++) {
    if (random.int(8) === 0 || pairs.length === 0)
      pairs = NAMES.filter(() => random.int(2) === 0).map((name) => `"${name}":${value(random)}`);
    else if (random.int(3) === 0) {
      const at = random.int(pairs.length);
      const [name = ''] = (pairs[at] ?? '').split(':');
      // Another value, another name (which may stand there already), one more or one less.
      const change = random.int(4);
      if (change === 0) pairs[at] = `${name}:${value(random)}`;
      else if (change === 1) pairs[at] = `"${random.pick(NAMES)}":${value(random)}`;
      else if (change === 2) pairs.splice(at, 1);
      else pairs.splice(at, 0, `"${random.pick(NAMES)}":${value(random)}`);
    }
    const glue = random.int(8) === 0 ? ' , ' : ',';
    const whole = `{${pairs.join(glue)}${random.int(40) === 0 ? '' : '}'}`;
    const cut = random.int(8) === 0 ? random.int(whole.length) : whole.length;
    const record = whole.slice(0, cut);
    const behind = cut < whole.length ? whole.slice(cut) : random.pick(['"}', '}', ',"a":"b"}', '12,"a":1}']);
    // Keys that get a number make all orders unknown; there are so many of them.
    if (round % 4000 === 0) forgetful = learntSieve();
    forgetful.keyOf([`new ${round}`]);
    const told = scan(sieve, record, behind);
    expect(told, `seed ${seed}, round ${round}: ${record}`).toEqual(scan(forgetful, record, behind));
    if ((told as readonly unknown[])[1] !== 0) refused++;
  }
  expect(sieve.counts.foreseen - foreseen).toBeGreaterThan(rounds / 8);
  expect(sieve.counts.foreseenKeys).toBeGreaterThan(rounds / 4);
  expect(forgetful.counts.foreseen).toBeLessThan(rounds / 20);
  expect(refused).toBeGreaterThan(rounds / 50);
});
