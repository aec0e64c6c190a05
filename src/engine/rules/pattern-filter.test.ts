/** The filter never rules out a record that a pattern matches: real Windows events, patterns made of their own values. */
import { describe, expect, it } from 'vitest';
import type { Event, EventObject } from '../../core/event.ts';
import { compilePatterns } from './pattern-set.ts';
import { compilePatternLiterals, FilterPlace } from './pattern-filter.ts';
import { allocateScanner, IndicatorScanner } from '../../scan/indicator-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { Random } from '../../testing/random.ts';
import { testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();

const PATTERNS = [
  "[process:command_line LIKE '%-EncodedCommand%']",
  "[domain-name:value LIKE 'dga%.example.net']",
  "[url:value LIKE '%/wolf/gate.php?id=%']",
  "[network-traffic:dst_ref.value = '198.18.4.3' OR network-traffic:src_ref.value = '198.18.4.3']",
  "[process:command_line MATCHES '(?i)insight key']",
  "[url:value MATCHES 'wolf/gate[.]php']",
  "[file:name = 'loader.exe' AND file:hashes.MD5 = '0123456789abcdef0123456789abcdef']",
];

const RECORDS: readonly EventObject[] = [
  {
    Image: 'C:\\Windows\\powershell.exe',
    CommandLine: 'powershell -ENCODEDCOMMAND aGk=',
    EventID: 1,
    Channel: 'Microsoft-Windows-Sysmon/Operational',
  },
  { dns: { question: { name: 'dga77.example.net' } } },
  { dns: { question: { name: 'DGA78.example.net' } } },
  { file: { name: 'loader.exe', hash: { md5: '0123456789ABCDEF0123456789ABCDEF' } } },
  { url: { full: 'http://h.example/w%6Flf/g%61te.php?id=1' } },
  { url: { full: 'http://h.example/caf\u00e9/wolf/gate.php?id=1' } },
  { dns: { question: { name: '\uff44\uff47\uff41\uff11.example.net' } } },
  {
    Image: 'C:\\x.exe',
    CommandLine: 'in\u017fight \u212aey',
    EventID: 1,
    Channel: 'Microsoft-Windows-Sysmon/Operational',
  },
  { src_ip: '10.0.0.1', dst_ip: '0:0:0:0:0:FFFF:c612:0403' },
  { message: 'nothing of interest here, 0xffff:' },
  { url: { full: 'http://host.example/index.html' } },
];

function event(fields: EventObject, original: string): Event {
  const source = { input: 't', path: 't', id: 't', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 0 };
  return { fields, original, format: 'json', timeMs: 0, timeOrigin: 'field', origin };
}

describe('pattern filter', () => {
  const { set, problems } = compilePatterns(
    PATTERNS.map((pattern, i) => ({ pattern, details: { id: `p${i}`, name: `p${i}` } })),
  );
  const room = new ScanMemory();
  const standing = new IndicatorScanner(
    allocateScanner(room, WitnessTables.empty(room, [1, 1, 1, 1, 1]).address, 1 << 16),
  );
  set.layers.search(new FilterPlace(standing), room);
  const [filter] = set.layers.filters ?? [];
  /** As written by senders: plainly, with escaped letters, with escaped slashes. */
  const spellings: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => text.replace(/[a-z](?=[a-z0-9.]*")/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    (text) => text.replaceAll('/', '\\/'),
  ];

  /** What the filter says of the texts as a batch; the same as it says of them as lines, copied and where they stand. */
  function flagsOf(texts: readonly string[]): Uint8Array {
    const bytes = Buffer.from(texts.join('\n'));
    let at = 0;
    const ranges = Uint32Array.from(
      texts.flatMap((text) => {
        const start = at;
        at += Buffer.byteLength(text) + 1;
        return [start, at - 1];
      }),
    );
    const flags = (filter?.candidates(bytes, ranges, texts.length) ?? new Uint8Array(0)).slice(0, texts.length);
    const flagged = [...flags.keys()].filter((i) => flags[i] === 1);
    standing.input.set(bytes);
    for (const lines of [
      filter?.candidateLines(bytes),
      filter?.candidateLines(standing.input.subarray(0, bytes.length)),
    ]) {
      const count = lines?.candidateCount ?? 0;
      expect([...(lines?.ordinals.slice(0, count) ?? [])]).toEqual(flagged);
      expect([...(lines?.ranges.slice(0, 2 * count) ?? [])]).toEqual(
        flagged.flatMap((i) => [...ranges.slice(2 * i, 2 * i + 2)]),
      );
    }
    return flags;
  }

  it('exists when every pattern has a literal', () => {
    expect(problems).toEqual([]);
    expect([set.layers.unwitnessed.length, filter === undefined]).toEqual([0, false]);
  });

  it('lets every record pass that a pattern matches, in every spelling, and rules out others', () => {
    let matched = 0;
    let ruledOut = 0;
    for (const spell of spellings) {
      const texts = RECORDS.map((fields) => spell(JSON.stringify(fields)));
      const flags = flagsOf(texts);
      for (const [i, text] of texts.entries()) {
        const matches = set.match(event(JSON.parse(text) as EventObject, text));
        if (matches.length > 0) {
          matched++;
          expect({ text, flag: flags[i] }).toEqual({ text, flag: 1 });
        } else if (flags[i] === 0) ruledOut++;
      }
    }
    expect(matched).toBeGreaterThanOrEqual(6);
    expect(ruledOut).toBeGreaterThanOrEqual(3);
  });

  it('does not exist when a literal is too short to be looked for', () => {
    expect(compilePatternLiterals([{ pattern: 0, anyOf: ['ab'] }])).toBeUndefined();
  });

  it(`rules out no record with a literal in it, however its letters are written (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const letters = [...'wolf/gate.php loader.exe dga1 198.18.4.3'];
    const spell = (letter: string): string => {
      const code = letter.charCodeAt(0);
      const hex = code.toString(16).padStart(2, '0');
      const wide = /[a-z0-9]/.test(letter) ? String.fromCharCode(code + 0xfee0) : letter;
      return random.pick([letter, letter, letter, `%${hex}`, wide, letter.toUpperCase(), `%${hex.toUpperCase()}`]);
    };
    const quiet = ['Microsoft® Windows®', '‎2020‎-09', 'привет', '漢字', '%%4416', 'café'];
    const parts = [
      ...quiet,
      'wolf/gate.php',
      'loader.exe',
      'dga1.example.net',
      '::ffff:c612:0403',
      '%',
      '%%4416',
      'é',
      ' ',
      '"',
    ];
    let flagged = 0;
    for (let batch = 0; batch < 200; batch++) {
      const texts = Array.from({ length: 1 + random.int(6) }, () => {
        const words = Array.from({ length: 1 + random.int(4) }, () =>
          random.chance(0.6) ? [...random.pick(parts)].map(spell).join('') : random.text(letters.join(''), 0, 12),
        );
        const text = JSON.stringify({ url: { full: words.join(random.pick([' ', '', '/'])) } });
        return random.chance(0.3) ? text.replace(/[^ -~]/g, (one) => escaped(one)) : text;
      });
      const flags = flagsOf(texts);
      for (const [i, text] of texts.entries()) {
        if (set.candidates(event(JSON.parse(text) as EventObject, text)).length === 0) continue;
        flagged++;
        expect(flags[i], text).toBe(1);
      }
    }
    expect(flagged).toBeGreaterThan(40);
  });
});

function escaped(char: string): string {
  return [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}
