/**
 * Random patterns over random observed data, answered by Flint and by the matcher of OASIS (stix2-matcher): the answers must be equal. Where that
 * matcher raises for data (bare addresses and names under the set operators, bytes that are no text under LIKE) there is nothing to compare; these
 * are counted. FLINT_ROUNDS says how many sets of data there are, with three patterns each; FLINT_SEED repeats a run.
 */
import { describe, expect, it } from 'vitest';
import type { EventValue } from '../../core/event.ts';
import { installOasisPython, runOasisPython } from '../../testing/oasis-python.ts';
import { Random } from '../../testing/random.ts';
import { randomObservations, randomPattern } from '../../testing/random-patterns.ts';
import { type MatchOutcome, testPatterns } from './pattern-test.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const missing = installOasisPython();
const ROUNDS = testRounds(300, 5000);
const SEED = testSeed();

const SCRIPT = `
import json, sys
from stix2matcher.matcher import match
document = json.load(sys.stdin)
out = []
for vector in document['vectors']:
    try:
        out.append(bool(match(vector['pattern'], document['fixtures'][vector['observations']], stix_version='2.1')))
    except Exception as e:
        out.append(str(e))
print(json.dumps(out))
`;

/** What the matcher refuses in data, where the standard has an answer: types that do not meet. */
const REFUSED_DATA = /^Invalid (CIDR subnet|IPv4 address|timestamp in JSON)|codec can't decode/;

describe(`random patterns and the matcher of OASIS ${missing}`, () => {
  it.skipIf(missing !== '')(`give the same answers (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const fixtures: Record<string, unknown> = {};
    const vectors: { readonly id: string; readonly pattern: string; readonly observations: string }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      fixtures[`data ${round}`] = randomObservations(random);
      for (let i = 0; i < 3; i++)
        vectors.push({ id: `${round}.${i}`, pattern: randomPattern(random), observations: `data ${round}` });
    }
    const document = { fixtures, vectors };
    const theirs = JSON.parse(await runOasisPython(SCRIPT, JSON.stringify(document))) as readonly (boolean | string)[];
    const ours = [...(testPatterns(document as unknown as EventValue) ?? [])] as readonly MatchOutcome[];
    const differing = vectors.flatMap(({ pattern, observations }, i) => {
      const [their, our] = [theirs[i], ours[i]];
      if (typeof their === 'string' ? REFUSED_DATA.test(their) || our?.error !== null : their === our?.result)
        return [];
      return [{ pattern, their, our, data: fixtures[observations] }];
    });
    expect(differing).toEqual([]);
    const compared = theirs.filter((their) => typeof their === 'boolean').length;
    const matching = theirs.filter((their) => their === true).length;
    // Both answers are frequent, or nothing would be shown.
    expect(compared).toBeGreaterThan(0.8 * vectors.length);
    expect(matching).toBeGreaterThan(0.1 * vectors.length);
  });
});
