/** Patterns with tokens: the indicator scanner never rules out a record that one of them matches, whatever its spelling. */
import { describe, expect, it } from 'vitest';
import type { Event, EventObject } from '../../core/event.ts';
import { allocateScanner, IndicatorScanner } from '../../scan/indicator-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { Random } from '../../testing/random.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { compilePatterns, type PatternSet } from './pattern-set.ts';

const ROUNDS = testRounds(100, 10_000);
const SEED = testSeed();
const MD5 = '0123456789abcdef0123456789abcdef';

const PATTERNS = [
  "[network-traffic:dst_ref.value = '198.18.4.3' AND network-traffic:dst_port > 3]",
  "[ipv4-addr:value = '198.18.4.3' AND ipv4-addr:value != 'x']",
  "[domain-name:value = 'falcon.ember.example' AND domain-name:value != 'x']",
  "[domain-name:value LIKE '%.quartz.example']",
  "[network-traffic:dst_ref.value = 'falcon.ember.example' AND network-traffic:dst_port > 3]",
  `[file:hashes.MD5 = '${MD5}' AND file:name != 'x']`,
  "[file:name = 'loader7.exe' AND file:parent_directory_ref.path LIKE '%temp%']",
  "[process:command_line LIKE '%-a%' AND process:parent_ref.name = 'raven9.dat.exe']",
  "[url:value = 'http://falcon.ember.example/a' AND url:value LIKE '%a']",
  "[email-addr:value = 'a@b.example'] FOLLOWEDBY [file:name IN ('loader7.exe', 'mirror8.dll')]",
];
const VALUES = [
  ...['198.18.4.3', '::ffff:198.18.4.3', '::ffff:c612:0403', '0:0:0:0:0:FFFF:c612:0403', '198.18.4.30'],
  ...[
    'falcon.ember.example',
    'x.falcon.ember.example',
    'falcon.ember.example.',
    'a.b.quartz.example',
    'quartz.example',
  ],
  ...[MD5, `MD5=${MD5}`, `x${MD5}`, 'loader7.exe', 'C:\\temp\\loader7.exe', '/temp/loader7.exe', 'mirror8.dll'],
  ...[
    'C:\\raven9.dat.exe',
    '"C:\\raven9.dat.exe" -a',
    'http://falcon.ember.example/a',
    'http://FALCON.ember.example:80/a',
  ],
  ...['http://u:p@falcon%2eember.example/a', 'http://x.quartz.example', 'nothing', 'a@b.example', 'x -a'],
];
/** Names of fields that the mappings read. */
const SHAPES: readonly ((value: () => string) => EventObject)[] = [
  (value) => ({ destination: { ip: value(), domain: value(), port: 80 }, source: { ip: value() } }),
  (value) => ({ dns: { question: { name: value() }, answers: [{ data: value() }] } }),
  (value) => ({ url: { full: value(), domain: value() } }),
  (value) => ({ file: { name: value(), path: value(), hash: { md5: value() } } }),
  (value) => ({
    process: { command_line: value(), executable: value(), parent: { executable: value(), name: value() } },
  }),
  (value) => ({
    EventID: 1,
    Channel: SYSMON,
    Image: value(),
    CommandLine: value(),
    ParentImage: value(),
    Hashes: value(),
  }),
  (value) => ({
    EventID: 3,
    Channel: SYSMON,
    Image: value(),
    DestinationIp: value(),
    DestinationHostname: value(),
    DestinationPort: 80,
  }),
  (value) => ({ _path: 'http', host: value(), uri: '/a', 'id.resp_h': value(), 'id.resp_p': 80, ts: 1 }),
  (value) => ({ _path: 'files', filename: value(), md5: value(), tx_hosts: [value()], ts: 1 }),
  (value) => ({ message: `${value()} ${value()}` }),
];
const SYSMON = 'Microsoft-Windows-Sysmon/Operational';

function event(text: string): Event {
  const source = { input: 't', path: 't', id: 't', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 0 };
  return {
    fields: JSON.parse(text) as EventObject,
    original: text,
    format: 'json',
    timeMs: 0,
    timeOrigin: 'field',
    origin,
  };
}

/** A scanner whose tables hold the tokens of the set and nothing else. */
function scannerOf({ layers: { witnesses } }: PatternSet): IndicatorScanner {
  const memory = new ScanMemory();
  const tables = WitnessTables.empty(memory, [100, 100, 100, 100, 100]);
  for (const { tokens = [] } of witnesses)
    for (const { kind, value, semantics } of tokens) expect(tables.add(kind, value, semantics)).toBe('added');
  expect(tables.takesEveryRecord).toBe(false);
  return new IndicatorScanner(allocateScanner(memory, tables.address, 1 << 16));
}

describe('patterns with tokens', () => {
  const { set, problems } = compilePatterns(
    PATTERNS.map((pattern, i) => ({ pattern, details: { id: `p${i}`, name: '' } })),
  );

  it('are those that an address, a name, a hash or a file name decides in part', () => {
    expect(problems).toEqual([]);
    expect(set.layers.witnesses.map(({ tokens }) => (tokens ?? []).map(({ value }) => value))).toEqual([
      ['198.18.4.3'],
      ['198.18.4.3'],
      ['falcon.ember.example'],
      ['quartz.example'],
      ['falcon.ember.example'],
      [MD5],
      ['loader7.exe'],
      ['raven9.dat.exe'],
      ['falcon.ember.example'],
      // The address of the mail is no token.
      [],
    ]);
    const { set: none } = compilePatterns([
      { pattern: "[process:command_line LIKE '%loader7.exe%']", details: { id: '1', name: '' } },
      {
        pattern: "[process:name = 'cmd.exe' AND process:command_line LIKE '%rarewords77%']",
        details: { id: '2', name: '' },
      },
      { pattern: "[domain-name:value LIKE '%falcon.example']", details: { id: '3', name: '' } },
    ]);
    expect(none.layers.witnesses.map(({ tokens }) => tokens)).toEqual([undefined, undefined, undefined]);
  });

  it(`are found in every record that they match, and rule others out (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const tokens = set.layers.witnesses.flatMap(({ pattern, tokens: own }) => (own === undefined ? [] : [pattern]));
    const scanner = scannerOf(set);
    const spell = (text: string): string =>
      [...text]
        .map((letter) => {
          if (random.chance(0.95)) return random.chance(0.2) ? letter.toUpperCase() : letter;
          const code = letter.charCodeAt(0);
          const wide = /[a-z0-9.]/.test(letter) ? String.fromCharCode(code + 0xfee0) : letter;
          return random.pick([
            wide,
            `%${code.toString(16)}`,
            letter === '.' ? '\u3002' : letter,
            letter === 'k' ? '\u212a' : letter,
          ]);
        })
        .join('');
    const value = (): string => (random.chance(0.5) ? spell(random.pick(VALUES)) : random.pick(VALUES));
    let [matched, ruledOut] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const texts = Array.from({ length: 10 }, () => {
        if (random.chance(0.2)) return JSON.stringify(random.pick(SHAPES)(() => random.text('abcdefgh.-/19', 1, 20)));
        const text = JSON.stringify(random.pick(SHAPES)(value));
        const how = random.int(4);
        if (how === 0) return text.replace(/[^ -~]/g, escaped);
        return how === 1
          ? text.replace(/[a-z](?=[a-z0-9.]*")/g, (one) => (random.chance(0.2) ? escaped(one) : one))
          : text;
      });
      const bytes = Buffer.from(`${texts.join('\n')}\n`);
      scanner.input.set(bytes);
      const { candidateCount, ordinals } = scanner.scanLines(bytes.length, true);
      const flagged = new Set(ordinals.slice(0, candidateCount));
      for (const [i, text] of texts.entries()) {
        const { matches, facts } = set.examine(event(text), tokens);
        if (matches.length + facts.length > 0) {
          matched++;
          expect(flagged.has(i), text).toBe(true);
        } else if (!flagged.has(i)) ruledOut++;
      }
    }
    expect(matched).toBeGreaterThan(ROUNDS);
    expect(ruledOut).toBeGreaterThan(ROUNDS);
  });
});

function escaped(char: string): string {
  return [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}
