/** A reload: what reads the same keeps its state, what does not says what became of it, and nothing is copied however large it is. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { TRUE } from '../../ir/build.ts';
import type { FluxRule } from '../../ir/flux.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import { Correlator } from '../correlation/correlator.ts';
import { DEFAULT_CORRELATION_OPTIONS } from '../correlation/engine.ts';
import { DEFAULT_FLUX_OPTIONS } from '../flux/engine.ts';
import { FluxTagger } from '../flux/tagger.ts';
import { PatternStream } from '../pattern/pattern-stream.ts';
import { handOver } from './hand-over.ts';

const SEED = { lo: 1, hi: 2 };

function event(fields: Event['fields'], seconds: number): Event {
  const source = { input: 'test', path: 'a.log', id: 'a', replayable: false, timezone: 'Z' };
  const origin = { source, position: seconds, line: 0, record: seconds, part: 0, arrivalMs: 0 };
  return { fields, original: '', format: 'json', timeMs: seconds * 1000, timeOrigin: 'field', origin };
}

/** A part that is handed over must not be copied. */
function uncopied<P extends { snapshot: unknown }>(part: P): P {
  part.snapshot = () => {
    throw new Error('the state was copied');
  };
  return part;
}

describe('correlations', () => {
  const rule = (id: string, more: Partial<CorrelationRule> = {}): CorrelationRule => ({
    ...{ kind: 'correlation', details: { id, name: id }, origin: { file: 'x.yml', line: 1 }, type: 'event_count' },
    ...{ rules: ['A'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 60_000, generate: false, alerts: true },
    condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields: [] },
    ...more,
  });
  const settings = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'eager', eventLogBytes: 1e6, seed: SEED } as const;

  it('go on with their windows under new titles and places; changed, new and gone ones are told', () => {
    const fired: string[] = [];
    const tell = (completing: Event, match: RuleMatch): void => {
      const behind = (match.events ?? []).map(({ timeMs }) => timeMs / 1000);
      fired.push(`${match.rule.name} ${completing.timeMs / 1000} ${behind}`);
    };
    const former = new Correlator([rule('same'), rule('changed'), rule('gone')], settings, tell);
    for (const second of [1, 2]) former.observe(event({ u: 'a' }, second), ['A'], 0);
    former.observe(event({ u: 'b' }, 2), ['A'], 0);
    const rules = [
      rule('new'),
      rule('changed', { timespanMs: 61_000 }),
      rule('same', { details: { id: 'same', name: 'other title' }, origin: { file: 'y.yml', line: 9 } }),
    ];
    const next = new Correlator(rules, settings, tell, former);
    // The former goes on while the next one is made.
    former.observe(event({ u: 'b' }, 3), ['A'], 0);
    expect(handOver([uncopied(former)], [next], 0)).toEqual([
      'correlation "new"',
      'correlation "changed" (changed, 2 groups forgotten)',
      'correlation "gone" (gone, 2 groups forgotten)',
    ]);
    next.observe(event({ u: 'a' }, 4), ['A'], 0);
    next.observe(event({ u: 'b' }, 5), ['A'], 0);
    expect(fired).toEqual(['other title 4 1,2,4', 'other title 5 2,3,5']);
    expect(next.report().map(({ rule: id, groups }) => `${id} ${groups}`)).toEqual(['new 2', 'changed 2', 'same 2']);
  });

  it('are told when the last of them is gone', () => {
    const former = new Correlator([rule('one'), rule('two')], settings, () => {});
    former.observe(event({ u: 'a' }, 1), ['A'], 0);
    const told = ['one', 'two'].map((id) => `correlation "${id}" (gone, 1 groups forgotten)`);
    expect(handOver([uncopied(former)], [], 0)).toEqual(told);
    expect(handOver([new Correlator([rule('one')], settings, () => {})], [], 0)).toEqual([]);
  });

  it('go through a snapshot when their own options changed', () => {
    const former = new Correlator([rule('same')], settings, () => {});
    for (const second of [1, 2]) former.observe(event({ u: 'a' }, second), ['A'], 0);
    let fired = 0;
    const next = new Correlator([rule('same')], { ...settings, latenessMs: 1 }, () => void fired++, former);
    expect(handOver([former], [next], 0)).toEqual([]);
    next.observe(event({ u: 'a' }, 4), ['A'], 0);
    expect(fired).toBe(1);
  });
});

describe('flux rules', () => {
  const rule = (name: string, tags: readonly string[]): FluxRule => ({
    ...{ name, action: 'temporal', ordered: false, strict: false, groupBy: [], reset: false, tags },
    condition: { kind: 'and', items: tags.map((_, tag) => ({ kind: 'tag', tag, from: 'any' })) },
  });
  const settings = { ...DEFAULT_FLUX_OPTIONS, mode: 'eager', seed: SEED } as const;

  it('go on with what they remember and its evidence; changed and new ones are told', () => {
    const fired: string[] = [];
    const handlers = {
      onMatch: (_event: Event, match: RuleMatch): void => {
        fired.push(`${match.rule.name} ${(match.events ?? []).map(({ timeMs }) => timeMs / 1000)}`);
      },
    };
    const open = (rules: FluxRule[], before?: FluxTagger): FluxTagger =>
      new FluxTagger('flux/x', { rules }, 'h', settings, handlers, before);
    const former = open([rule('same', ['a', 'b']), rule('changed', ['a', 'b'])]);
    const all = { same: { a: true }, changed: { a: true } };
    former.observe(event({ h: 'x', sigma: all }, 1), 0);
    const next = open([rule('same', ['a', 'b']), rule('changed', ['a', 'c', 'b']), rule('new', ['a'])], former);
    former.observe(event({ h: 'y', sigma: all }, 2), 0);
    former.flush();
    expect(handOver([uncopied(former)], [next], 0)).toEqual(['flux rule "changed" (changed)', 'flux rule "new"']);
    next.observe(event({ h: 'x', sigma: { same: { b: true }, changed: { b: true, c: true } } }, 3), 0);
    next.observe(event({ h: 'y', sigma: { same: { b: true } } }, 4), 0);
    next.flush();
    expect(fired).toEqual(['same 1,3', 'same 2,4']);
  });
});

describe('patterns', () => {
  const items = [0, 1].map((bracket): ObservationPlan => ({ kind: 'observed', predicate: TRUE, bracket }));
  const pair: ObservationPlan = { kind: 'followed-by', items };
  const codec = { save: (one: number) => one, load: Number, size: () => 10 };
  const fact = (pattern: number, key: string, bracket: number, n: number) => ({
    ...{ pattern, key, timeMs: 1000 * n, brackets: [bracket], event: n },
  });

  it('go on with their events under other numbers; events of patterns that are gone are dropped bit by bit', () => {
    const former = new PatternStream<number>([pair, pair], ['gone', 'same'], codec);
    for (let i = 0; i < 100; i++) former.push(fact(0, `k${i}`, 0, i));
    former.push(fact(1, 'x', 0, 200));
    const next = new PatternStream<number>([pair, pair], ['same', 'new'], codec);
    former.push(fact(1, 'y', 0, 201));
    expect(next.takeOver(former)).toEqual(['new']);
    expect(next.push(fact(0, 'x', 1, 202))).toMatchObject({ pattern: 0, key: 'x', events: [200, 202] });
    expect(next.push(fact(0, 'y', 1, 203))?.events).toEqual([201, 203]);
    for (let i = 0; i < 10; i++) next.push(fact(1, 'z', 0, 204 + i));
    expect([...next.groups()].map(({ pattern, key }) => `${pattern} ${key}`)).toEqual(['0 x', '0 y', '1 z']);
    expect(next.size).toBe(14);
    // Once more, and back: numbers are not mixed up.
    const third = new PatternStream<number>([pair, pair], ['new', 'gone'], codec);
    expect(third.takeOver(next)).toEqual(['gone']);
    expect(third.push(fact(1, 'k1', 1, 220))).toBeUndefined();
    expect(third.push(fact(0, 'z', 1, 221))?.pattern).toBe(0);
  });
});
