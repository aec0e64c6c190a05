/** Runs vectors.yaml through the parser and the engine: waiting for lateness, evaluating at once, and shuffled. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { EventObject, EventValue } from '../../src/core/event.ts';
import { parseFluxSpec } from '../../src/rules/flux/parse-spec.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from '../../src/state/flux/engine.ts';
import type { FluxEvidence } from '../../src/state/flux/evidence.ts';
import { planFlux } from '../../src/state/flux/plan.ts';
import { readFluxRow, withSigma } from '../../src/state/flux/row.ts';
import { SourceClocks } from '../../src/state/order/source-clock.ts';

type TagMaps = Record<string, Record<string, boolean | null>>;
type Row = string | { fill: number } | { sigma: TagMaps; expect: TagMaps };

interface Vector {
  readonly id: string;
  readonly rule: Record<string, unknown>;
  readonly more?: readonly Record<string, unknown>[];
  readonly rows: readonly Row[];
  readonly fires?: readonly number[];
  readonly options?: Partial<FluxEngineOptions>;
  /** Id of an ancestor with the tag, and the ids below it on the way to the last row of the chain. */
  readonly ancestors?: Record<string, readonly string[]>;
  readonly incomplete?: readonly number[];
}

interface Step {
  readonly fields: EventObject;
  readonly timeMs: number;
  /** What must come out; undefined for filling rows. */
  readonly expected: TagMaps | readonly string[] | undefined;
}

const { vectors } = parse(readFileSync(new URL('vectors.yaml', import.meta.url), 'utf8')) as { vectors: Vector[] };

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
    const evidence = (id: string, row: number): FluxEvidence<number> | undefined => {
      const vector = vectors.find((each) => each.id === id);
      return vector === undefined ? undefined : run(vector, {}, false, 'evidence').evidence[row];
    };
    const shown = (found: FluxEvidence<number> | undefined): unknown =>
      found?.contributors.map(({ row, tags, depth }) => [row.item, tags, depth]);
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

function run(vector: Vector, options: Partial<FluxEngineOptions>, backwards: boolean, want?: 'evidence') {
  const rules = [{ rulename: 'r', ...vector.rule }, ...(vector.more ?? []), FILL].map((rule) => ({
    ...rule,
    tags: (rule as { tags: string[] }).tags.map((name) => ({ name })),
  }));
  const { spec, diagnostics } = parseFluxSpec(stringify({ rules }), 'vector.yaml');
  expect(diagnostics).toEqual([]);
  const first = spec.rules[0]?.name ?? '';
  const steps = stepsOf(vector.rows, first);
  const plan = planFlux(spec);
  const clocks = new SourceClocks();
  const source = clocks.register('rows', 'file');
  const outputs: EventValue[] = [];
  const fired: number[] = [];
  const evidence: FluxEvidence<number>[] = [];
  const engine = new FluxEngine<number>(
    plan,
    clocks,
    { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 1, hi: 2 }, latenessMs: 600_000, ...options, ...vector.options },
    (row, result) => {
      const fields = withSigma(plan, (steps[row.item] as Step).fields, result.tags, result.evaluated);
      outputs[row.item] = withoutFill(fields['sigma'] as EventObject);
      if (result.fired.includes(0)) fired.push(row.item);
      const planned = plan.rules[0];
      if (want === 'evidence' && planned !== undefined) evidence[row.item] = result.evidence(planned);
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

/** Remembers one fact for each row with an id of its own. */
const FILL = { rulename: 'fill', action: 'parent', parent: 'fill_parent', child: 'fill_id', tags: ['f'] };

function stepsOf(rows: readonly Row[], rule: string): Step[] {
  const steps: Step[] = [];
  for (const row of rows) {
    const timeMs = steps.length * 1000;
    if (row === '||') continue;
    if (typeof row === 'string') steps.push(parseRow(row, rule, timeMs));
    else if ('fill' in row) {
      for (let i = 0; i < row.fill; i++)
        steps.push({
          fields: { host: 'H', fill_id: `f${timeMs}-${i}`, sigma: { fill: { f: true } } },
          timeMs,
          expected: undefined,
        });
    } else steps.push({ fields: { host: 'H', sigma: row.sigma }, timeMs, expected: row.expect });
  }
  return steps;
}

function parseRow(text: string, rule: string, defaultMs: number): Step {
  const [place = '', input = '', output = ''] = text.split('|').map((part) => part.trim());
  const fields: Record<string, EventValue> = { host: 'H' };
  let timeMs = defaultMs;
  const value = (word: string): EventValue => (word === 'null' ? null : word === '""' ? '' : word);
  for (const word of place.split(' ').filter((each) => each !== '')) {
    if (/^t\d+$/.test(word)) timeMs = Number(word.slice(1)) * 1000;
    else if (/^H\d$/.test(word)) fields['host'] = word;
    else if (word.startsWith('@')) {
      const [g = '', h = ''] = word.slice(1).split(',');
      Object.assign(fields, { g: value(g), h: value(h) });
    } else {
      const [id = '', parent = ''] = word.split('<');
      Object.assign(fields, { id: value(id), parent_id: value(parent) });
    }
  }
  const sigma: TagMaps = {};
  for (const word of words(input, rule)) {
    const [name = '', tag = ''] = word.split(':');
    sigma[name] = { ...sigma[name], [tag]: true };
  }
  return { fields: { ...fields, sigma }, timeMs, expected: words(output, rule).sort() };
}

function words(text: string, rule: string): string[] {
  return text
    .split(' ')
    .flatMap((word) => (word === '-' || word === '' ? [] : word.includes(':') ? word : `${rule}:${word}`));
}

function trueTags(sigma: EventValue | undefined): string[] {
  return Object.entries(sigma as unknown as TagMaps)
    .flatMap(([rule, tags]) => Object.entries(tags).flatMap(([tag, value]) => (value === true ? `${rule}:${tag}` : [])))
    .sort();
}

function withoutFill(sigma: EventObject): EventObject {
  return Object.fromEntries(Object.entries(sigma).filter(([rule]) => rule !== 'fill'));
}
