/**
 * Random records in random spellings: what is read of a record from its bytes, time and fields, is what its decoded event says. The seed is
 * printed with a failure.
 */
import { expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { eventTime } from '../../decode/event-time.ts';
import { createEventRecogniser } from '../../fields/mapping/recognise.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { collectFacts, fieldReader } from '../../state/correlation/fact.ts';
import { planCorrelations } from '../../state/correlation/plan.ts';
import { type Next, pick, RANDOM_FIELDS, seededRandom } from '../../testing/random-rules.ts';
import { place, RANDOM_SHAPES } from '../../testing/random-shapes.ts';
import { damaged, spelled } from '../../testing/random-spelling.ts';
import { ListedValues } from '../rules/rule-filter.ts';
import { SigmaSieve } from '../rules/sigma-sieve.ts';
import { MatchedSlots } from './matched-slots.ts';
import { MatchReader } from './match-reader.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const RULE: DetectionRule = {
  kind: 'detection',
  details: { id: 'r', name: 'r' },
  origin: { file: 'r', line: 1 },
  logsource: {},
  predicate: { kind: 'constant', value: true },
  fields: [],
  alerts: false,
};
const TIMES = [
  'UtcTime',
  '@timestamp',
  'ts',
  'event.created',
  'time',
  'start',
  'Event.System.TimeCreated.#attributes.SystemTime',
];
/** Of the shapes whose records are always decoded. */
const DECODED = ['web'];

function groupingBy(name: string): CorrelationRule {
  return {
    kind: 'correlation',
    details: { id: `by ${name}`, name },
    origin: { file: 'c', line: 1 },
    type: 'event_count',
    rules: ['r'],
    groupBy: [{ name, fieldOf: {} }],
    timespanMs: 1000,
    condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 2 }], fields: [] },
    generate: false,
    alerts: true,
  };
}

function timed(next: Next, record: EventObject): EventObject {
  const fields = { ...record };
  for (let count = next(3); count >= 0; count--) {
    const ms = 1_600_000_000_000 + next(1_000_000_000) * 100;
    const iso = new Date(ms).toISOString();
    const values = [
      iso,
      iso.replace('T', ' ').replace('Z', ''),
      ms / 1000,
      String(ms),
      'never',
      null,
      { at: iso },
      [iso],
    ];
    place(next, fields, pick(next, TIMES), next(2) === 0 ? iso : pick(next, values));
  }
  if (next(4) === 0)
    place(next, fields, pick(next, RANDOM_FIELDS), pick(next, [true, 1.5, 1e21, ['x'], [1, 2], {}, null, 'é', 'a"b']));
  if (next(60) === 0) fields['_Begin_Time'] = '2020-01-01T00:00:00Z';
  return fields;
}

function parsed(text: string): EventObject | undefined {
  try {
    return JSON.parse(text) as EventObject;
  } catch {
    // SyntaxError: nothing to be held to.
    return undefined;
  }
}

it.each(RANDOM_SHAPES)('$name: what is read from bytes is what decoding says', ({ name, names, record }) => {
  const seed = testSeed(20261121);
  const rounds = testRounds(2, 100);
  const next = seededRandom(seed);
  let taken = 0;
  let present = 0;
  let all = 0;
  for (let round = 0; round < rounds; round++) {
    const wanted = new Set(
      Array.from({ length: 1 + next(4) }, () => pick(next, [...names, ...RANDOM_FIELDS, ...TIMES])),
    );
    const plan = planCorrelations([...wanted].map(groupingBy), 0);
    const slots = new MatchedSlots(plan.fields, () => true);
    const sieve = new SigmaSieve([RULE], { inputBytes: 1 << 20, maxDepth: 8, matched: slots });
    const reader = new MatchReader(slots);
    const recogniser = createEventRecogniser();
    const pinned = round % 3 === 2 ? pick(next, ['windows/process_creation/', 'any/test']) : undefined;
    const texts = Array.from({ length: 120 }, () =>
      damaged(next, spelled(next, timed(next, record(next)), next(2) === 0)),
    );
    const bytes = Buffer.from(texts.join('\n'));
    sieve.input.set(bytes);
    const result = sieve.scanLines(bytes.length, true, pinned);
    const listed = new ListedValues(sieve);
    const time = { timezone: pick(next, ['Z', 'Europe/Berlin']), arrivalMs: 1_800_000_000_000, clamp: next(2) === 0 };
    const source = { input: 'i', path: 'p', id: 'p', replayable: true, timezone: time.timezone };
    for (let i = 0; i < result.candidateCount; i++) {
      const text = texts[result.ordinals[i] ?? 0] ?? '';
      const fields = parsed(text);
      const recognised = fields === undefined ? undefined : recogniser.recognise(fields, pinned);
      if (fields === undefined || recognised === undefined) continue;
      all++;
      const values = listed.of(result, i);
      const origin = { source, position: i, line: i, record: i, part: 0, arrivalMs: time.arrivalMs };
      const [start = 0, end = 0] = [result.ranges[2 * i], result.ranges[2 * i + 1]];
      if (values === undefined || !reader.read(values, origin, start, end, time)) continue;
      taken++;
      const { ms, origin: from } = eventTime(fields, 'json', time);
      const at = { timeMs: ms, source: 0, position: i, part: 0 };
      const facts = collectFacts(plan, 'r', fieldReader(recognised.event.fields), at, () => undefined);
      const byName = new Map(
        facts.map(({ correlation, group }) => [plan.correlations[correlation]?.rule.details.name, group[0]]),
      );
      const decoded = JSON.stringify([ms, from, ...plan.fields.map((field) => byName.get(field))]);
      const { record: of } = reader;
      const read = plan.fields.map((_, number) => (of.isAbsent(number) ? undefined : of.textOf(number)));
      const found = JSON.stringify([of.timeMs, of.timeOrigin, ...read]);
      present += facts.length;
      if (found !== decoded)
        expect.fail(`seed ${seed}, round ${round}: ${text} has ${decoded}, read ${found}, ${plan.fields}`);
    }
  }
  if (DECODED.includes(name)) return;
  // Most records were read, and there was something in them.
  expect(taken).toBeGreaterThan(all / 5);
  expect(present).toBeGreaterThan(taken / 20);
});
