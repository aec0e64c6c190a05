/** Correlator and FluxTagger as the engine uses them: events in, matches out. */
import { describe, expect, it } from 'vitest';
import type { Event, EventObject } from '../core/event.ts';
import type { RuleMatch } from '../core/match.ts';
import type { CorrelationRule } from '../ir/correlation.ts';
import type { FluxSpec } from '../ir/flux.ts';
import { Correlator } from './correlation/correlator.ts';
import { DEFAULT_CORRELATION_OPTIONS } from './correlation/engine.ts';
import { bloomProblems, DEFAULT_FLUX_OPTIONS } from './flux/engine.ts';
import { planFlux } from './flux/plan.ts';
import { FluxTagger } from './flux/tagger.ts';
import { readSnapshot } from './snapshot/chunk.ts';

function event(fields: EventObject, seconds: number, id = 'file-1'): Event {
  const source = { input: 'test', path: 'a.log', id, replayable: true, timezone: 'Z' };
  const origin = { source, position: seconds * 10, line: 0, record: seconds, part: 0, arrivalMs: 0 };
  return {
    fields,
    original: JSON.stringify(fields),
    format: 'json',
    timeMs: seconds * 1000,
    timeOrigin: 'field',
    origin,
  };
}

const RULE: CorrelationRule = {
  kind: 'correlation',
  details: { id: 'X', name: 'many', level: 'high' },
  origin: { file: 'x.yml', line: 1 },
  type: 'event_count',
  rules: ['A'],
  groupBy: [{ name: 'user', fieldOf: {} }],
  timespanMs: 60_000,
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields: [] },
  generate: false,
  alerts: true,
};
const SEED = { lo: 1, hi: 2 };

describe('Correlator', () => {
  function open(eventLogBytes: number, matches: [Event, RuleMatch][], mode: 'ordered' | 'eager' = 'eager'): Correlator {
    return new Correlator([RULE], { ...DEFAULT_CORRELATION_OPTIONS, mode, eventLogBytes, seed: SEED }, (...match) =>
      matches.push(match),
    );
  }

  it('makes a match with its events, group and count', () => {
    const matches: [Event, RuleMatch][] = [];
    const correlator = open(1e6, matches);
    expect([correlator.watches('A'), correlator.watches('B')]).toEqual([true, false]);
    for (const second of [1, 2, 3]) correlator.observe(event({ user: 'bob' }, second), ['A', 'B'], 0);
    expect(matches).toMatchObject([
      [
        { timeMs: 3000, fields: { user: 'bob' } },
        {
          engine: 'correlation',
          rule: { id: 'X', level: 'high' },
          matched: [{ field: 'event_count', value: '3', how: '>= 3' }],
          events: [{ timeMs: 1000 }, { timeMs: 2000 }, { timeMs: 3000 }],
          group: { user: 'bob' },
          count: 3,
        },
      ],
    ]);
  });

  it('keeps the places of events that are not kept any more, also over a restart', () => {
    const matches: [Event, RuleMatch][] = [];
    const correlator = open(100, matches);
    for (const second of [1, 2]) correlator.observe(event({ user: 'bob' }, second), ['A'], 0);
    const chunks = readSnapshot([...correlator.snapshot(true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    const restarted = open(1e6, matches);
    expect(restarted.restore(chunks)).toEqual([]);
    restarted.observe(event({ user: 'bob' }, 3), ['A'], 0);
    const places = matches[0]?.[1].events?.map(({ origin, fields }) => [origin.source.id, origin.position, fields]);
    expect(places).toEqual([
      ['file-1', 10, {}],
      ['file-1', 20, {}],
      ['file-1', 30, { user: 'bob' }],
    ]);
    expect(correlator.events.counts.evicted).toBe(2);
  });

  it('closes idle groups by the arrival clock', () => {
    const matches: [Event, RuleMatch][] = [];
    const correlator = open(1e6, matches);
    correlator.observe(event({ user: 'bob' }, 1), ['A'], 1_000);
    correlator.advance(121_000);
    expect(correlator.engine.counts()[0]?.counts.groups).toBe(1);
    correlator.advance(121_001);
    expect(correlator.engine.counts()[0]?.counts.groups).toBe(0);
  });

  it('gives up the groups untouched for longest when the budget is used up, and counts them', () => {
    const options = {
      ...DEFAULT_CORRELATION_OPTIONS,
      mode: 'eager',
      eventLogBytes: 0,
      seed: SEED,
      budgetBytes: 1_000_000,
    } as const;
    const correlator = new Correlator([RULE], options, () => {});
    for (let i = 0; i < 40_960; i++) correlator.observe(event({ user: `u${i}` }, i / 1000), ['A'], 0);
    const counts = correlator.engine.counts()[0]?.counts;
    expect(counts?.evicted).toBeGreaterThan(0);
    expect((counts?.evicted ?? 0) + (counts?.groups ?? 0)).toBe(40_960);
  });
});

describe('FluxTagger', () => {
  const all = { kind: 'and', items: [0, 1].map((tag) => ({ kind: 'tag', tag, from: 'any' }) as const) } as const;
  const spec: FluxSpec = {
    rules: [
      {
        name: 'recon',
        action: 'temporal',
        ordered: false,
        strict: false,
        groupBy: ['user'],
        reset: false,
        tags: ['a', 'b'],
        condition: all,
      },
    ],
  };

  it('gives each event once with its map, and a match with the earlier events', () => {
    const written: EventObject[] = [];
    const matches: [Event, RuleMatch][] = [];
    const tagger = new FluxTagger(
      'flux/test',
      spec,
      'host',
      { ...DEFAULT_FLUX_OPTIONS, seed: SEED },
      {
        onEvent: (_event, fields) => written.push(fields),
        onMatch: (...match) => matches.push(match),
      },
    );
    const tags = (rule: string, tag: string): boolean | undefined => (rule === 'recon' ? tag === 'b' : undefined);
    tagger.observe(event({ host: 'h', user: 'bob', sigma: { recon: { a: true } } }, 1), 0);
    tagger.observe(event({ host: 'h', user: 'bob', x: 1 }, 2), 0, tags);
    tagger.observe(event({ x: 2 }, 3), 0);
    tagger.end();
    expect(written).toEqual([
      { x: 2, sigma: { recon: {} } },
      { host: 'h', user: 'bob', sigma: { recon: { a: true, b: false } } },
      { host: 'h', user: 'bob', x: 1, sigma: { recon: { a: true, b: true } } },
    ]);
    expect(matches).toMatchObject([
      [
        { timeMs: 2000 },
        {
          engine: 'flux',
          matched: [
            { item: 'a', how: 'earlier' },
            { item: 'b', how: 'self' },
          ],
          group: { host: 'h', user: 'bob' },
          events: [{ timeMs: 1000 }, { timeMs: 2000 }],
        },
      ],
    ]);
  });

  it('goes on after a restart with the events that were waiting', () => {
    const written: number[] = [];
    const open = (): FluxTagger =>
      new FluxTagger(
        'flux/test',
        spec,
        'host',
        { ...DEFAULT_FLUX_OPTIONS, seed: SEED },
        {
          onEvent: ({ timeMs }) => written.push(timeMs),
          onMatch: () => {},
        },
      );
    const tagger = open();
    tagger.observe(event({ host: 'h' }, 1), 0);
    const chunks = readSnapshot([...tagger.snapshot(true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    const restarted = open();
    restarted.restore(chunks, 0);
    restarted.end();
    expect(written).toEqual([1000]);
  });

  it('is refused with Bloom memory when a rule needs times', () => {
    const timed = { rules: spec.rules.map((rule) => ({ ...rule, timespanMs: 1000 })) } as FluxSpec;
    expect(bloomProblems(planFlux(spec))).toEqual([]);
    expect(bloomProblems(planFlux(timed))).toMatchObject([
      { rule: 'recon', problem: { code: 'STATE_BLOOM_LIMIT', severity: 'error' } },
    ]);
  });
});
