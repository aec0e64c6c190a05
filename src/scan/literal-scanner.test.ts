import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { learnFrequency } from './gram-frequency.ts';
import { compileLiterals, type LiteralWitness } from './literal-plan.ts';
import { EVERY_LITERAL, type LiteralResult, LiteralScanner } from './literal-scanner.ts';
import { LiteralWork } from './literal-work.ts';
import { ScanMemory } from './scan-memory.ts';
import { testRounds, testSeed } from '../testing/test-runs.ts';

const SEED = testSeed();
const ROUNDS = testRounds(16, 1000);

function inputOf(memory: ScanMemory, bytes: number): Uint8Array {
  // Allocation may grow the memory, which makes a new buffer.
  const address = memory.allocate(bytes);
  return new Uint8Array(memory.memory.buffer, address, bytes);
}

/** Record to its sorted candidate owners. */
function candidates(scanner: LiteralScanner, result: LiteralResult): Map<number, number[]> {
  const found = new Map<number, number[]>();
  scanner.forEachCandidate(result, (record, owner) => found.set(record, [...(found.get(record) ?? []), owner]));
  for (const owners of found.values()) owners.sort((a, b) => a - b);
  return found;
}

it(`literal search finds what a naive search finds (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const alphabet = 'abcdeABCDE01._-';
  let hits = 0;
  let misses = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // With short literals every second place is looked at, else every fourth.
    const isLong = random.chance(0.5);
    // Few, so that records without a hit are certain to come; many, so that those with several are.
    const most = round % 3 === 0 ? 8 : 300;
    const witnesses: LiteralWitness[] = Array.from({ length: 1 + random.int(most) }, (_, i) => ({
      fragments: Array.from({ length: random.chance(0.3) ? 2 : 1 }, () =>
        isLong && i > 20
          ? random.text(alphabet, 7, random.pick([8, 12, 20]))
          : random.text(alphabet, isLong ? 5 : 3, random.pick([6, 6, 20])),
      ),
      owners: [random.int(100), random.int(100)],
    }));
    const records = Array.from({ length: 400 }, () => {
      let text = random.text(`${alphabet} \\/:"Ж`, 0, 60);
      for (let i = random.int(3); i > 0; i--)
        text += random.pick(random.pick(witnesses).fragments) + random.text('aBЖ ', 0, 3);
      return text;
    });
    const memory = new ScanMemory();
    const frequency = random.chance(0.5) ? learnFrequency(Buffer.from(records.join('\n'))) : undefined;
    const plan = compileLiterals(memory, witnesses, frequency);
    const always = new Set(plan.alwaysOwners);
    const scanner = new LiteralScanner(new LiteralWork(memory), plan);
    const input = inputOf(memory, 1 << 16);
    const ranges = new Uint32Array(2 * records.length);
    let end = 0;
    for (const [i, record] of records.entries()) {
      ranges[2 * i] = end;
      end += Buffer.from(record).copy(input, end);
      ranges[2 * i + 1] = end;
      input[end++] = 10;
    }
    const lines = candidates(scanner, scanner.scanLines(input, end));
    const given = candidates(scanner, scanner.scanRecords(input, ranges, records.length));
    for (const [i, record] of records.entries()) {
      const folded = record.toLowerCase();
      const expected = new Set<number>();
      for (const { fragments, owners } of witnesses)
        if (fragments.every((fragment) => folded.includes(fragment.toLowerCase())))
          for (const owner of owners) if (!always.has(owner)) expected.add(owner);
      const sorted = [...expected].sort((a, b) => a - b);
      expect(lines.get(i) ?? [], `seed ${SEED}, line ${record}`).toEqual(sorted);
      expect(given.get(i) ?? [], `seed ${SEED}, record ${record}`).toEqual(sorted);
      if (sorted.length > 0) hits++;
      else misses++;
    }
  }
  expect(Math.min(hits, misses)).toBeGreaterThan(50);
});

it('an escape that stands for a token character makes every owner a candidate', () => {
  const memory = new ScanMemory();
  const plan = compileLiterals(memory, [
    { fragments: ['mimikatz'], owners: [3] },
    { fragments: ['whoami'], owners: [7] },
  ]);
  const scanner = new LiteralScanner(new LiteralWork(memory), plan);
  const input = inputOf(memory, 1024);
  const text = 'mimi\\u006batz\nmimi\\u002fkatz\nMIMIKATZ.exe\n';
  Buffer.from(text).copy(input);
  const result = scanner.scanLines(input, text.length);
  expect([...result.hits.slice(0, 3 * result.hitCount)]).toEqual([0, EVERY_LITERAL, 0, 2, 0, 29]);
  expect([...candidates(scanner, result)]).toEqual([
    [0, [3, 7]],
    [2, [3]],
  ]);
});

it('more hits than the kernel lists at once, and records longer than a piece, are complete', () => {
  const memory = new ScanMemory();
  const plan = compileLiterals(memory, [
    { fragments: ['abcde'], owners: [0] },
    { fragments: ['xyzw'], owners: [1] },
  ]);
  const scanner = new LiteralScanner(new LiteralWork(memory), plan);
  const input = inputOf(memory, 4_000_000);
  const many = 'abcde xyzw\n'.repeat(100_000);
  Buffer.from(many).copy(input);
  const result = scanner.scanLines(input, many.length);
  expect(result.hitCount).toBe(200_000);
  expect(result.hits[3 * 199_999]).toBe(99_999);
  for (let shift = 0; shift < 9; shift++) {
    const long = `${' '.repeat(16_379 + shift)}abcde${' '.repeat(17_000)}xyzw`;
    Buffer.from(long).copy(input);
    expect(scanner.scanRecords(input, Uint32Array.of(0, long.length), 1).hitCount).toBe(2);
    expect(scanner.scanRecords(input, Uint32Array.of(0, long.length - 1), 1).hitCount).toBe(1);
  }
});

it('fragments that are too short or hold other characters are refused', () => {
  expect(() => compileLiterals(new ScanMemory(), [{ fragments: ['ab'], owners: [0] }])).toThrow('"ab"');
  expect(() => compileLiterals(new ScanMemory(), [{ fragments: ['a b c'], owners: [0] }])).toThrow('"a b c"');
});

it(`random bytes never trap and never hide a literal (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const witnesses: LiteralWitness[] = Array.from({ length: 40 }, (_, owner) => ({
    fragments: [random.text('abcdefgh01._-', 4, random.pick([4, 5, 9, 30]))],
    owners: [owner],
  }));
  const memory = new ScanMemory();
  const plan = compileLiterals(memory, witnesses);
  const always = new Set(plan.alwaysOwners);
  const scanner = new LiteralScanner(new LiteralWork(memory), plan);
  const input = inputOf(memory, 100_000);
  const pieces = [
    '\\',
    '\\u',
    '\\u006',
    '\\u0061',
    '%61',
    '&#97;',
    '\n',
    '\r\n',
    '\0',
    'é',
    '"',
    'abcd',
    '....',
    '----',
  ];
  let hits = 0;
  for (let round = 0; round < 60; round++) {
    const parts: Buffer[] = [];
    for (let left = random.int(400); left > 0; left--) {
      const kind = random.int(4);
      if (kind === 0) parts.push(Buffer.from(Array.from({ length: random.int(60) }, () => random.int(256))));
      else if (kind === 1) parts.push(Buffer.from(random.pick(pieces)));
      else {
        const [literal = ''] = random.pick(witnesses).fragments;
        parts.push(Buffer.from(random.chance(0.5) ? literal : literal.toUpperCase()));
      }
    }
    const bytes = Buffer.concat([...parts, Buffer.from('\n')]).subarray(0, input.length);
    input.set(bytes);
    const lines = bytes.toString('latin1').split('\n').slice(0, -1);
    const result = scanner.scanLines(input, bytes.length);
    const found = candidates(scanner, result);
    for (const [i, line] of lines.entries()) {
      const folded = line.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const expected = witnesses.flatMap(({ fragments: [literal = ''] }, owner) =>
        folded.includes(literal) && !always.has(owner) ? [owner] : [],
      );
      const owners = found.get(i) ?? [];
      expect(owners, `seed ${SEED}, round ${round}, line ${i}`).toEqual(expect.arrayContaining(expected));
      // Only an escape makes more of them candidates.
      if (!line.includes('\\') && !line.includes('%') && !line.includes('&'))
        expect(owners, `seed ${SEED}, round ${round}, line ${i}`).toEqual(expected);
      hits += expected.length;
    }
  }
  expect(hits).toBeGreaterThan(100);
});
