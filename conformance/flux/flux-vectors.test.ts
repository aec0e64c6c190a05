/** Runs vectors.yaml through the parser and the engine: waiting for lateness, evaluating at once, and shuffled. */
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { EventObject, EventValue } from '../../src/core/event.ts';
import { parseFluxSpec } from '../../src/rules/flux/parse-spec.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from '../../src/state/flux/engine.ts';
import { planFlux } from '../../src/state/flux/plan.ts';
import { readFluxRow, withSigma } from '../../src/state/flux/row.ts';
import { SourceClocks } from '../../src/state/order/source-clock.ts';
import { rulesOf, type Step, stepsOf, trueTags, type Vector, vectors, withoutFill } from './read-vectors.ts';

describe('flux vectors', () => {
  it('are the 41 of the specification and our own, without doubles', () => {
    const numbers = new Set(vectors.flatMap(({ id }) => /^V\d\d/.exec(id) ?? []));
    expect(numbers.size).toBe(41);
    expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length);
  });

  describe.each(vectors)('$id', (vector) => {
    it('holds when rows wait for their lateness', () => check(vector, { mode: 'ordered' }));
    it('holds when rows arrive backwards', () => check(vector, { mode: 'ordered' }, true));
    // Parents-first needs rows that wait, and a Bloom filter cannot take a row back.
    const eager = vector.options?.equalTimes === undefined && vector.options?.memory === undefined;
    if (!eager) return;
    it('holds when rows are evaluated at once', () => check(vector, { mode: 'eager' }));
    it('holds when rows are evaluated at once and arrive backwards', () => check(vector, { mode: 'eager' }, true));
  });

  it('lists ancestors with their tags and says when a chain is incomplete', () => {
    const evidence = (id: string, row: number): ShownEvidence | undefined => {
      const vector = vectors.find((each) => each.id === id);
      return vector === undefined ? undefined : run(vector, {}, false, 'evidence').evidence[row];
    };
    const shown = (found: ShownEvidence | undefined): unknown => found?.contributors;
    expect(shown(evidence('V19', 3))).toEqual([
      [0, ['p'], 3],
      [1, [], 2],
      [2, [], 1],
      [3, [], 0],
    ]);
    expect(evidence('V20', 1)).toMatchObject({ complete: false });
    expect(shown(evidence('V22', 2))).toEqual([[2, [], 0]]);
    expect(shown(evidence('V02', 1))).toEqual([
      [0, ['a', 'c'], undefined],
      [1, ['b'], undefined],
    ]);
  });
});

function check(vector: Vector, options: Partial<FluxEngineOptions>, backwards = false): void {
  const { steps, outputs, fired } = run(vector, options, backwards);
  steps.forEach((step, index) => {
    if (step.expected === undefined) return;
    const actual = Array.isArray(step.expected) ? trueTags(outputs[index]) : outputs[index];
    expect([index, actual]).toEqual([index, step.expected]);
  });
  // In backwards arrival an eager alert may have been raised on a row that later turned out to be no news.
  if (vector.fires !== undefined && !(backwards && options.mode === 'eager')) expect(fired).toEqual(vector.fires);
}

interface ShownEvidence {
  readonly contributors: readonly (readonly [
    item: number | undefined,
    tags: readonly string[],
    depth: number | undefined,
  ])[];
  readonly complete: boolean;
}

function run(vector: Vector, options: Partial<FluxEngineOptions>, backwards: boolean, want?: 'evidence') {
  const rules = rulesOf(vector);
  const { spec, diagnostics } = parseFluxSpec(stringify({ rules }), 'vector.yaml');
  expect(diagnostics).toEqual([]);
  const first = spec.rules[0]?.name ?? '';
  const steps = stepsOf(vector.rows, first);
  const plan = planFlux(spec);
  const clocks = new SourceClocks();
  const source = clocks.register('rows', 'file');
  const outputs: EventValue[] = [];
  const fired: number[] = [];
  const evidence: ShownEvidence[] = [];
  const engine = new FluxEngine<number>(
    plan,
    clocks,
    { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 1, hi: 2 }, latenessMs: 600_000, ...options, ...vector.options },
    (row, result) => {
      const fields = withSigma(plan, (steps[row.item] as Step).fields, result.tags, result.evaluated);
      outputs[row.item] = withoutFill(fields['sigma'] as EventObject);
      if (result.fired.includes(0)) fired.push(row.item);
      const planned = plan.rules[0];
      if (want === 'evidence' && planned !== undefined) {
        const { contributors, complete } = result.evidence(planned);
        // Rows are only valid until the handler returns.
        const told = contributors.map(({ row: each, tags, depth }) => [each.item, tags, depth] as const);
        evidence[row.item] = { contributors: told, complete };
      }
    },
  );
  const order = steps.map((_, index) => index);
  if (backwards) order.reverse();
  for (const index of order) {
    const { fields, timeMs } = steps[index] as Step;
    engine.push(readFluxRow(plan, fields, 'host', { timeMs, source, position: index, part: 0 }, index), 0);
  }
  engine.end();
  return { steps, outputs, fired, evidence };
}
