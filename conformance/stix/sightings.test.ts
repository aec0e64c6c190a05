/**
 * What is reported back of a pattern over several events is evidence for it: the observed data of the sighting satisfies the pattern, one
 * observed-data for each event, and none of them alone.
 */
import { describe, expect, it } from 'vitest';
import type { EventObject, EventValue } from '../../src/core/event.ts';
import type { MatchedField } from '../../src/core/match.ts';
import { stixBundle } from '../../src/encode/stix.ts';
import { testPatterns } from '../../src/engine/rules/pattern-test.ts';
import { sampleAlert, sampleEvent, sampleRuleMatch } from '../../src/testing/sample-alert.ts';

const STEPS: readonly (readonly [
  second: number,
  fields: EventObject,
  matched: readonly (readonly [string, string])[],
])[] = [
  [0, { DST_IP: '198.51.100.7' }, [['ipv4-addr:value', '198.51.100.7']]],
  [5, { user: { name: 'bob' } }, [['user-account:account_login', 'bob']]],
  [9, { CommandLine: 'x -enc' }, [['process:command_line', 'x -enc']]],
  [9, { x: 'evil.example' }, [['domain-name:value', 'evil.example']]],
];
const PATTERN = `([ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [user-account:account_login = 'bob'] FOLLOWEDBY
  [process:command_line LIKE '%-enc'] FOLLOWEDBY [domain-name:value = 'evil.example']) WITHIN 9 SECONDS`;

/** The alert of a pattern whose steps are these, where the event of one of them came last. */
function alertOf(completing: number, count: number = STEPS.length) {
  const events = STEPS.map(([second, fields], i) => ({ ...sampleEvent(fields, i), timeMs: second * 1000 }));
  const matched = STEPS.flatMap(([, , list], event) =>
    list.map(([field, value]): MatchedField => ({ field, value, item: field, how: 'pattern', event })),
  );
  const id = 'indicator--0a0c6a4f-3d84-4b52-9f0b-8c6c7f3f1a11';
  const match = sampleRuleMatch({ engine: 'pattern', rule: { id, name: 'steps' }, events, matched, count });
  return sampleAlert(match, events[completing] ?? sampleEvent());
}

function holds(objects: readonly unknown[]): unknown {
  const document = {
    fixtures: { seen: [{ type: 'bundle', id: 'bundle--1', objects }] },
    vectors: [{ id: 'it', pattern: PATTERN, observations: 'seen' }],
  };
  const [outcome] = [...(testPatterns(document as unknown as EventValue) ?? [])];
  return outcome !== undefined && 'result' in outcome ? outcome.result : undefined;
}

describe('the sighting of a pattern over several events', () => {
  it.each([0, 1, 2, 3])('holds observed data that satisfies it, whichever event came last (%i)', (completing) => {
    const { objects } = stixBundle(alertOf(completing), 'sensor');
    const observed = objects.filter(({ type }) => type === 'observed-data');
    expect(observed.map((one) => [one['first_observed'], one['number_observed']])).toEqual(
      STEPS.map(([second]) => [`1970-01-01T00:00:0${second}.000Z`, 1]),
    );
    expect(holds(objects)).toBe(true);
    for (const left of observed) expect(holds(objects.filter((one) => one !== left))).toBe(false);
    expect(objects.at(-1)).toMatchObject({ count: 1, observed_data_refs: observed.map(({ id }) => id) });
    expect(new Set(objects.map(({ id }) => id)).size).toBe(objects.length);
  });

  it('counts alerts in a closing update, which is a later version of the same objects', () => {
    const alert = alertOf(3);
    const closing = { event: { ...alert.event, end: '1970-01-01T00:01:00.000Z' }, flint: { ...alert.flint, count: 6 } };
    const [before, after] = [alert, { ...alert, ...closing }].map((one) => stixBundle(one, 'sensor').objects);
    expect(after?.at(-1)).toMatchObject({ count: 6, last_seen: '1970-01-01T00:01:00.000Z' });
    expect(after?.map(({ id }) => id)).toEqual(before?.map(({ id }) => id));
    expect(String(after?.at(-1)?.['modified']) > String(before?.at(-1)?.['modified'])).toBe(true);
  });
});
