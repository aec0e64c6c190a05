/** Values read from bytes must say exactly what the decoded record says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventObject, EventValue } from '../../core/event.ts';
import { eventTime } from '../../decode/event-time.ts';
import { EventSieve } from '../../scan/event-sieve.ts';
import { NO_FACT, type SieveResult } from '../../scan/sieve-result.ts';
import { FACT_FIELDS } from '../../scan/sieve-memory.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { processEventOf } from '../../state/process/process-event.ts';
import { FED_NAMES, ProcessFeeder } from './process-feeder.ts';
import { FIELD_COUNT } from '../../state/process/process-rows.ts';
import { TextStore } from '../../state/process/text-store.ts';
import { eventOfFact } from '../../testing/event-of-fact.ts';
import { ListedValues } from '../rules/rule-filter.ts';

const arrivalMs = 1_700_000_000_000;

/** Every record is of one kind that feeds and concerns no rule. */
function openSieve(): EventSieve {
  const sieve: EventSieve = new EventSieve(new ScanMemory(), {
    ...{ inputBytes: 1 << 20, maxDepth: 16 },
    resolve: () => ({
      kind: {
        ...{ atoms: 0, slots: 0, matchers: new Map(), doubtfulKeys: new Set<number>(), keywords: undefined },
        ...{ numbers: new Uint32Array(0), always: [], triggers: [], searched: new Map(), automata: [] },
        ...{ code: [], codeStarts: [] },
        feeds: FED_NAMES.map((name) => sieve.keyOf([name]) ?? 0),
      },
      questions: [],
      label: '',
    }),
  });
  return sieve;
}

/** Reads records as the engine does, and compares. */
class Bench {
  readonly sieve = openSieve();
  readonly texts = new TextStore({ lo: 5, hi: 7 });
  /** `kernel`: facts that were read beside the bytes' reader. */
  readonly counts = { fed: 0, processes: 0, left: 0, kernel: 0 };
  readonly #listed = new ListedValues(this.sieve);
  readonly #feeder = new ProcessFeeder(
    () => this.texts,
    () => undefined,
  );
  readonly #timezone: string;

  constructor(timezone: string) {
    this.#timezone = timezone;
  }

  /** Twice: at first nothing is known of such lists of values, nor of the texts. */
  check(...records: readonly string[]): void {
    for (let time = 0; time < 2; time++) this.#checkOnce(records);
  }

  /** All in one scan. */
  #checkOnce(records: readonly string[]): void {
    const { sieve } = this;
    const ranges: number[] = [];
    let end = 0;
    for (const record of records) {
      const bytes = Buffer.from(`${record}\n`);
      sieve.input.set(bytes, end);
      ranges.push(end, end + bytes.length - 1);
      end += bytes.length;
    }
    const result = sieve.scanRecords(Uint32Array.from(ranges), records.length);
    for (let i = 0; i < result.candidateCount; i++) this.#compare(result, i, records[result.ordinals[i] ?? 0] ?? '');
  }

  #compare(result: SieveResult, candidate: number, record: string): void {
    const { texts, counts } = this;
    const timezone = this.#timezone;
    const values = this.#listed.of(result, candidate);
    const timeOrigin =
      values === undefined ? undefined : this.#feeder.read(values, { timezone, arrivalMs, clamp: true });
    if (timeOrigin === undefined) {
      counts.left++;
      return;
    }
    if (values?.factAt !== NO_FACT) counts.kernel++;
    const fields = JSON.parse(record) as EventObject;
    const time = eventTime(fields, 'json', { timezone, arrivalMs, clamp: true });
    const process = processEventOf(fields, { timeMs: time.ms, timeOrigin: time.origin });
    expect(timeOrigin).toBe(time.origin);
    counts.fed++;
    const { fact } = this.#feeder;
    if (process === undefined || process.kind === 'activity') {
      expect(fact.kind).toBe('activity');
      return;
    }
    const cut = (all: Readonly<Record<string, string>>): unknown =>
      Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value.slice(0, 8192)]));
    const { host, fields: own, parentFields } = process;
    const expected = { ...process, host: host.toLowerCase(), fields: cut(own), parentFields: cut(parentFields) };
    expect(eventOfFact(fact, texts)).toEqual(expected);
    counts.processes++;
  }
}

const text = fc.oneof(
  fc.constantFrom(
    '',
    '-',
    '0x1A4',
    '420',
    'C:\\Windows\\a.exe',
    'ä"\\\n',
    'start',
    'process',
    '4688',
    '1',
    '5',
    'w1',
    'HOST',
    '-',
    '12345678901',
    '0xffffffff',
    '0x00A',
    '007',
    'existing_process',
    '{00000000-0000-0000-0000-000000000000}',
  ),
  fc.constantFrom(
    '2024-01-31T23:59:58.123Z',
    '2024-02-30T10:00:00.000Z',
    '2024-01-31T23:59:60.123Z',
    '2024-01-31 10:00',
    '2024-01-31 10:00:01.5',
    '1969-12-31T23:59:59.999999Z',
    '2023-11-14T22:13:20.1230000Z',
    '0099-01-01T00:00:00Z',
  ),
  fc.string({ maxLength: 260, unit: 'binary' }),
  fc.constant('long '.repeat(2000)),
);
const value: fc.Arbitrary<EventValue> = fc.oneof(
  { weight: 6, arbitrary: text },
  {
    weight: 2,
    arbitrary: fc.oneof(fc.integer(), fc.constantFrom(4688, 5, 1, 0.5, -0, 1e21, 1_706_745_598, 4_294_967_296)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<EventValue>(null, true, false, [], {}, { pid: 5 }, ['a'], [null, 'b'], [{}, 1]),
  },
);
const stamp = fc.oneof(
  fc
    .date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom('2024-01-31T23:59:58.123Z', '2024-02-29 10:00:00', '2024-02-30T10:00:00.5Z'),
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
    ParentProcessId: value,
    CommandLine: value,
    SubjectUserName: text,
    TargetUserName: text,
    ParentProcessName: text,
    '@timestamp': fc.oneof(text, stamp),
    UtcTime: text,
    Message: text,
  },
  { requiredKeys: [] },
);
const ecs = fc.record(
  {
    'process.pid': value,
    'event.action': fc.constantFrom('existing_process', 'exit', 'start', ''),
    'event.type': text,
    'event.category': fc.constantFrom('process', 'file'),
    'process.start': text,
    'process.executable': text,
    'process.parent.pid': value,
    'host.name': text,
  },
  { requiredKeys: ['process.pid'] },
);
/** As sources write them: few names, the same ones each time. */
const pid = fc.oneof(
  fc.nat({ max: 0xfffffff }).map((number) => `0x${number.toString(16)}`),
  fc.nat({ max: 999_999_999 }),
  fc.constantFrom('0xFFFFFFFF', '-', '', '007', '0x'),
);
const usual = fc
  .record({
    EventID: fc.constantFrom(4688, 4689, '4688', 1),
    Hostname: fc.oneof(fc.constantFrom('W1', 'w1.example.org', '', 'ÄÖ'), text),
    '@timestamp': stamp,
    NewProcessId: pid,
    ProcessId: pid,
    ...{
      NewProcessName: text,
      CommandLine: text,
      SubjectUserName: text,
      TargetUserName: text,
      ParentProcessName: text,
    },
  })
  .chain((fields) => fc.constantFrom(fields, { ...fields, ProcessGuid: '{1}', ParentProcessGuid: '{2}' }));
const any = fc.dictionary(fc.oneof(fc.constantFrom(...FED_NAMES, 'BEGIN_TIME', '_begin_time', 'x'), text), value, {
  maxKeys: 12,
});

describe.each(['Z', '+02:00'])('ProcessFeeder of a source in %s', (timezone) => {
  const bench = new Bench(timezone);
  const { counts, sieve } = bench;
  const check = (record: string): void => bench.check(record);

  it('has slots that fit into a byte', () => {
    expect(FED_NAMES.length).toBeLessThan(255);
    expect(2 * FIELD_COUNT).toBe(FACT_FIELDS);
  });

  it('says of random records what decoding them says, or leaves them to the decoder', () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: windows }, ecs, any), fc.boolean(), (fields, ascii) => {
        const plain = JSON.stringify(fields);
        check(ascii ? plain.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : plain);
      }),
      { numRuns: 3000 },
    );
    // The way past the decoder is the one that was tested.
    expect(counts.processes).toBeGreaterThan(600);
    expect(counts.left).toBeGreaterThan(10);
  });

  it('says of usual records what decoding them says, from the facts of the kernel', () => {
    const own = new Bench(timezone);
    fc.assert(
      fc.property(usual, (fields) => own.check(JSON.stringify(fields))),
      { numRuns: 2000 },
    );
    expect(own.counts.kernel).toBeGreaterThan(1000);
  });

  it('says the same of many records in one scan, whose texts have no numbers yet', () => {
    const own = new Bench(timezone);
    fc.assert(
      fc.property(fc.array(usual, { minLength: 2, maxLength: 12 }), fc.integer(), (records, salt) =>
        // The same texts in several records, which were in none before.
        own.check(...records.map((fields) => JSON.stringify({ ...fields, SubjectUserName: `user ${salt}` }))),
      ),
      { numRuns: 200 },
    );
    expect(own.counts.kernel).toBeGreaterThan(1000);
    expect(own.sieve.counts.foreseen).toBeGreaterThan(1000);
  });

  it.each([30, 240, 241, 8160, 8161, 8192, 8193])('tells texts of %i characters apart that have one hash', (length) => {
    const records = Array.from({ length: 5 }, (_, i) => {
      const text = 'x'.repeat(length);
      // Beginning, middle and end decide where the kernel looks for a text.
      const command = `${text.slice(0, 10)}${i}${text.slice(11)}`;
      const time = { '@timestamp': '2024-01-31T23:59:58Z' };
      return JSON.stringify({ ...time, EventID: 4688, NewProcessId: '0x1A', Hostname: 'W', CommandLine: command });
    });
    const own = new Bench(timezone);
    own.check(...records);
    own.check(...records);
    expect(own.counts.processes).toBe(20);
    expect(own.counts.kernel).toBe(15);
  });

  it.each([
    '{"EventID":"\\u0034688","NewProcessId":"0x1A","ProcessId":"\\u002d","Hostname":"W"}',
    '{"EventID":4688.0,"NewProcessId":7e0,"ProcessId":1.50,"CommandLine":1E2,"User":-0}',
    '{"EventID":4.688e3,"NewProcessId":"\\/x","SubjectUserName":"-","TargetUserName":"a\\/b"}',
  ])('reads other spellings of the same: %s', (record) => {
    const { processes } = counts;
    // Blanks that an earlier record left behind in the input are not this one's.
    sieve.input.fill(0x20, 0, 256);
    check(record);
    expect(counts.processes).toBe(processes + 2);
  });

  it.each([
    '{"EventID":4688,"NewProcessId":"0x1","NewProcessId":"0x2"}',
    '{"EventID":4688,"NewProcessId":"0x1","process":{"pid":4}}',
    '{"EventID":4688,"NewProcessId":["0x1","0x2"]}',
    '{"process.pid":"7","event.action":"existing_process","process.start":"2024-01-01T00:00:00Z"}',
    '{"EventID":4688,"NewProcessId":"0x1","Begin_Time":"2024-01-01T00:00:00Z"}',
    '{"EventID":4688,"NewProcessId":"0x1"',
  ])('leaves the unusual to the decoder: %s', (record) => {
    const before = counts.left;
    check(record);
    expect(counts.left).toBe(before + 2);
  });
});
