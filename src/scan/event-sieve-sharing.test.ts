/** Sieves that go by what another one learns: the same kinds, at the limits of learning too, and nothing in between. */
import { describe, expect, it } from 'vitest';
import type { RecordQuestion } from '../core/record-question.ts';
import { EventSieve } from './event-sieve.ts';
import type { SieveShare } from './sieve-options.ts';
import { ScanMemory } from './scan-memory.ts';

const AREA = { inputBytes: 1 << 20, maxDepth: 8 };
/** As many values of one question as are remembered (`sieve-kinds.ts`). */
const MAX_TEXTS = 2048;

/** Kinds are told by the value of `kind`; those that begin with an e are decoded, others are for no rule. */
function learner(): { readonly sieve: EventSieve; readonly share: SieveShare; readonly resolved: () => number } {
  let resolved = 0;
  const questions: RecordQuestion[] = [{ ask: 'value', path: ['kind'], answer: 'scalar' }];
  const sieve = new EventSieve(new ScanMemory(), {
    ...AREA,
    shares: true,
    resolve: (bytes, start, end) => {
      resolved++;
      const { kind } = JSON.parse(Buffer.from(bytes.slice(start, end)).toString()) as { kind: string };
      return { kind: kind.startsWith('e') ? 'exact' : 'none', questions, label: 'all' };
    },
  });
  if (sieve.share === undefined) throw new Error('nothing is shared');
  return { sieve, share: sieve.share, resolved: () => resolved };
}

const follower = ({ memory, journal }: SieveShare): EventSieve =>
  new EventSieve(ScanMemory.behind(memory), { ...AREA, follows: journal });

interface Answer {
  readonly candidates: readonly number[];
  readonly left: readonly number[];
}

function scan(sieve: EventSieve, kinds: readonly string[]): Answer {
  const bytes = Buffer.from(kinds.map((kind) => `${JSON.stringify({ kind })}\n`).join(''));
  sieve.input.set(bytes);
  const { candidateCount, ordinals, left } = sieve.scanLines(bytes.length, true);
  const all = Array.from({ length: candidateCount }, (_, i) => i);
  const of = (value: number): number[] => all.filter((i) => left[i] === value).map((i) => ordinals[i] ?? -1);
  return { candidates: of(0), left: of(1) };
}

describe('a sieve that goes by another', () => {
  it('leaves records of kinds that the other has not met, and knows them once it has', () => {
    const { sieve, share, resolved } = learner();
    const others = [follower(share), follower(share)];
    const kinds = ['a', 'e1', 'b', 'a'];
    for (const other of others) expect(scan(other, kinds)).toEqual({ candidates: [], left: [0, 1, 2, 3] });
    expect(scan(sieve, ['a', 'e1'])).toEqual({ candidates: [1], left: [] });
    for (const other of others) expect(scan(other, kinds)).toEqual({ candidates: [1], left: [2] });
    scan(sieve, kinds);
    for (const other of others) {
      expect(scan(other, kinds)).toEqual({ candidates: [1], left: [] });
      // What was left is counted where it is examined.
      expect(other.counts).toMatchObject({ exact: 2, left: 5, kinds: 3 });
    }
    // The first one twice: only then it was known what to look at.
    expect(resolved()).toBe(4);
  });

  it('answers as the other where it does not learn any more', () => {
    const { sieve, share, resolved } = learner();
    const kinds = Array.from({ length: MAX_TEXTS + 500 }, (_, i) => (i % 3 === 0 ? `e${i}` : `k${i}`));
    const early = follower(share);
    scan(early, kinds.slice(0, 10));
    scan(sieve, kinds);
    const answer = scan(sieve, kinds);
    // Values beyond the limit are for the exact path, whatever they are.
    expect(answer.candidates.length).toBe(Math.ceil(MAX_TEXTS / 3) + 500);
    expect(resolved()).toBe(MAX_TEXTS + 2);
    for (const one of [early, follower(share)]) expect(scan(one, kinds)).toEqual(answer);
  });

  it('leaves what is too long to be remembered, each time', () => {
    const { sieve, share } = learner();
    const long = 'x'.repeat(5000);
    expect(scan(sieve, [long, long])).toEqual({ candidates: [0, 1], left: [] });
    expect(scan(follower(share), [long, 'y'])).toEqual({ candidates: [], left: [0, 1] });
  });

  it('sees all of a memory that has grown since', () => {
    const { sieve, share } = learner();
    const other = follower(share);
    const grown = new ScanMemory(share.memory, 0, 0);
    grown.allocate(8 << 20);
    // Others write behind what this one has seen of the memory.
    scan(
      sieve,
      Array.from({ length: 1500 }, (_, i) => `k${i}`),
    );
    expect(scan(other, ['k0', 'k1499', 'new'])).toEqual({ candidates: [], left: [2] });
  });
});
