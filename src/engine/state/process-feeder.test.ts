/** Values read from bytes must say exactly what the decoded record says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventObject, EventValue } from '../../core/event.ts';
import { eventTime } from '../../decode/event-time.ts';
import { EventSieve } from '../../scan/event-sieve.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { processEventOf } from '../../state/process/process-event.ts';
import { FED_NAMES, ProcessFeeder } from './process-feeder.ts';
import { fedValuesOf } from '../rules/rule-filter.ts';

const source = { input: 'i', path: 'p', id: 'i', replayable: true, timezone: '+02:00' };
const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 1_700_000_000_000 };

/** Every record is of one kind that feeds and concerns no rule. */
function openSieve(): EventSieve {
  const sieve: EventSieve = new EventSieve(new ScanMemory(), {
    ...{ inputBytes: 1 << 20, maxDepth: 16, valueKeys: [], presenceKeys: [] },
    resolve: () => ({
      ...{ atoms: 0, slots: 0, matchers: new Map(), wildKeys: [], keywords: undefined, numbers: new Uint32Array(0) },
      ...{ always: [], triggers: [], searched: new Map(), automata: [], code: [], codeStarts: [] },
      feeds: FED_NAMES.map((name) => sieve.keyOf(name) ?? 0),
    }),
  });
  return sieve;
}

const sieve = openSieve();
const feeder = new ProcessFeeder();
const counts = { fed: 0, processes: 0, left: 0 };

function check(record: string): void {
  const bytes = Buffer.from(record);
  sieve.input.set(bytes);
  const result = sieve.scanRecords(Uint32Array.of(0, bytes.length), 1);
  const values = fedValuesOf(result, 0);
  const fed = values === undefined ? undefined : feeder.read(sieve.input, values, origin, true);
  if (fed === undefined) {
    counts.left++;
    return;
  }
  const fields = JSON.parse(record) as EventObject;
  const time = eventTime(fields, 'json', { timezone: '+02:00', arrivalMs: origin.arrivalMs, clamp: true });
  expect(fed.time).toEqual(time);
  expect(fed.process).toEqual(processEventOf(fields, time.ms));
  counts.fed++;
  if (fed.process !== undefined) counts.processes++;
}

const text = fc.oneof(
  fc.constantFrom('', '-', '0x1A4', '420', 'C:\\Windows\\a.exe', 'ä"\\\n', 'start', 'process', '4688', '1', '5', 'w1'),
  fc.constantFrom(
    '2024-01-31T23:59:58.123Z',
    '2024-02-30T10:00:00.000Z',
    '2024-01-31T23:59:60.123Z',
    '2024-01-31 10:00',
  ),
  fc.string({ maxLength: 260, unit: 'binary' }),
);
const value: fc.Arbitrary<EventValue> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: fc.oneof(fc.integer(), fc.constantFrom(4688, 5, 1, 0.5, -0, 1e21, 1_706_745_598)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<EventValue>(null, true, false, [], {}, { pid: 5 }, ['a'], [null, 'b'], [{}, 1]),
  },
);
const windows = fc.record(
  {
    EventID: fc.constantFrom<EventValue>(4688, '4688', 4689, 1, 5, 3),
    Hostname: text,
    NewProcessId: text,
    ProcessId: value,
    ProcessGuid: text,
    ParentProcessGuid: text,
    NewProcessName: value,
    CommandLine: value,
    SubjectUserName: text,
    TargetUserName: text,
    ParentProcessName: text,
    '@timestamp': text,
    UtcTime: text,
    Message: text,
  },
  { requiredKeys: [] },
);
const any = fc.dictionary(fc.oneof(fc.constantFrom(...FED_NAMES, 'BEGIN_TIME', '_begin_time', 'x'), text), value, {
  maxKeys: 12,
});

describe('ProcessFeeder', () => {
  it('has slots that fit into a byte', () => {
    expect(FED_NAMES.length).toBeLessThan(255);
  });

  it('says of random records what decoding them says, or leaves them to the decoder', () => {
    fc.assert(
      fc.property(fc.oneof(windows, any), fc.boolean(), (fields, ascii) => {
        const plain = JSON.stringify(fields);
        check(ascii ? plain.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : plain);
      }),
      { numRuns: 3000 },
    );
    // The way past the decoder is the one that was tested.
    expect(counts.processes).toBeGreaterThan(300);
    expect(counts.left).toBeGreaterThan(10);
  });

  it.each([
    '{"EventID":4688,"NewProcessId":"0x1","NewProcessId":"0x2"}',
    '{"EventID":4688,"NewProcessId":"0x1","process":{"pid":4}}',
    '{"EventID":4688,"NewProcessId":["0x1","0x2"]}',
    '{"EventID":4688,"NewProcessId":"0x1","Begin_Time":"2024-01-01T00:00:00Z"}',
    '{"EventID":4688,"NewProcessId":"0x1"',
  ])('leaves the unusual to the decoder: %s', (record) => {
    const before = counts.left;
    check(record);
    expect(counts.left).toBe(before + 1);
  });
});
