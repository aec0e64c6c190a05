import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FactReader, FactWriter } from './fact-batch.ts';
import type { ProcessEvent } from './process-event.ts';
import { eventOfFact } from '../../testing/event-of-fact.ts';
import { fillFact, ProcessFact } from './process-fact.ts';
import { TextStore } from './text-store.ts';

const text = fc.string({ maxLength: 30, unit: 'binary' });
const pid = fc.oneof(fc.nat().map(String), text, fc.constantFrom('4294967295', '007'));
const fields = fc.record({ Image: text, CommandLine: text, Hashes: text }, { requiredKeys: [] });
const event: fc.Arbitrary<ProcessEvent> = fc.record(
  {
    ...{ kind: fc.constantFrom<ProcessEvent['kind']>('start', 'exit'), timeMs: fc.integer() },
    ...{
      host: text,
      pid,
      guid: text,
      parentPid: pid,
      parentGuid: text,
      fields,
      isTimeAssumed: fc.constant<true>(true),
      parentFields: fields,
    },
  },
  { requiredKeys: ['kind', 'timeMs', 'host', 'pid', 'fields', 'parentFields'] },
);

describe('FactBatch', () => {
  it('carries facts from one store to another, as they were, batch after batch', () => {
    const from = new TextStore({ lo: 1, hi: 2 });
    const to = new TextStore({ lo: 3, hi: 4 });
    const writer = new FactWriter(from);
    const fact = new ProcessFact();
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer()), { maxLength: 80 }), (told) => {
        for (const [one, arrivalMs] of told) {
          from.sweep();
          writer.add(fillFact(fact, one, from), arrivalMs);
        }
        const batch = structuredClone(writer.take());
        const reader = new FactReader(batch, to);
        expect(reader.count).toBe(told.length);
        for (const [i, [one, arrivalMs]] of told.entries()) {
          reader.read(i);
          const { guid, parentPid, parentGuid, ...rest } = one;
          const expected = { ...rest, host: one.host.toLowerCase(), ...clean({ guid, parentPid, parentGuid }) };
          expect(eventOfFact(reader.fact, to)).toEqual(expected);
          expect(reader.arrivalMs).toBe(arrivalMs);
        }
        reader.close();
      }),
      { numRuns: 300 },
    );
    expect([from.held, to.held]).toEqual([0, 0]);
  });
});

function clean(all: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
