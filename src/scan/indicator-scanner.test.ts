import { describe, expect, it } from 'vitest';
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import { Random } from '../testing/random.ts';
import { allocateScanner, IndicatorScanner } from './indicator-scanner.ts';
import { ScanMemory } from './scan-memory.ts';
import { WitnessTables } from './witness-tables.ts';

type Row = readonly [kind: IndicatorKind, value: string, semantics?: Semantics];

function tablesOf(rows: readonly Row[], memory = new ScanMemory()): WitnessTables {
  return WitnessTables.build(memory, {
    size: rows.length,
    kindAt: (row) => rows[row]?.[0] ?? 'text',
    valueAt: (row) => rows[row]?.[1] ?? '',
    semanticsAt: (row) => rows[row]?.[2] ?? 'exact',
  });
}

function scannerOf(rows: readonly Row[], inputBytes = 1 << 20): IndicatorScanner {
  const tables = tablesOf(rows);
  return new IndicatorScanner(allocateScanner(tables.memory, tables.address, inputBytes));
}

/** What the scanner says of one record: nothing, `hit`, or `encoding`. */
function verdict(scanner: IndicatorScanner, record: string): string {
  const length = Buffer.from(record).copy(scanner.input);
  const result = scanner.scanRecords(Uint32Array.of(0, length), 1);
  if (result.candidateCount === 0) return '';
  return result.encodingOnly > 0 ? 'encoding' : 'hit';
}

const ROWS: readonly Row[] = [
  ['domain', 'evil.com'],
  ['domain', 'bad.org', 'subdomain'],
  ['ipv4', '1.2.3.4'],
  ['network', '10.9.0.0/16'],
  ['ipv6', '2001:db8::1'],
  ['network', '2001:db9::/32'],
  ['hash', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['email', 'joe.smith@gmail.com'],
  ['url', 'http://github.com/evil/payload'],
  ['file-name', 'evil tool.exe'],
  ['mutex', 'Global\\Foo12345'],
  ['endpoint', '[2001:db8::2]:443'],
];

describe('verdicts', () => {
  const scanner = scannerOf(ROWS);
  const cases: readonly (readonly [record: string, verdict: string])[] = [
    ['x evil.com y', 'hit'],
    ['x www.evil.com y', ''],
    ['EVIL.com.', 'hit'],
    ['a..evil.com..b', 'hit'],
    ['"a":"\\nevil.com"', 'hit'],
    ['"a":"\\\\nevil.com"', ''],
    ['%2Fevil.com', 'hit'],
    ['%252Fevil.com', 'hit'],
    ['\\u002fevil.com', 'hit'],
    ['\\n.evil.com', 'hit'],
    ['--evil.com', 'hit'],
    ['evil.com-_', 'hit'],
    ['\\n-evil.com_', 'hit'],
    ['-_evil.com', ''],
    ['some-long-name-in-front.evil.com', ''],
    ['a.sub-domain-of-some-length.bad.org', 'hit'],
    ['sub.bad.org', 'hit'],
    ['xbad.org', ''],
    ['1.2.3.4', 'hit'],
    ['\\n1.2.3.4', 'hit'],
    ['%20.1.2.3.4', 'hit'],
    ['%201.2.3.4', 'hit'],
    ['%25201.2.3.4', 'hit'],
    ['\\u00201.2.3.4', 'hit'],
    ['\\u00a01.2.3.4', 'hit'],
    ['\\x201.2.3.4', 'hit'],
    ['201.2.3.4', ''],
    ['1.2.3.4.', 'hit'],
    ['2.3.4.5.6 1.2..3.4 1.2.3.', ''],
    ['1.256.3.4 1.2.03.4 1.2.3.1234', ''],
    ['%20:2001:db8::1', 'hit'],
    ['1.2.3.40', ''],
    ['01.2.3.4', ''],
    ['from 1.2.3.4-1.2.3.9', 'hit'],
    ['ip_1.2.3.4:80', 'hit'],
    ['10.9.200.1', 'hit'],
    ['10.8.1.1', ''],
    ['2001:0db8:0::1', 'hit'],
    ['2001:DB8:0:0:0:0:0:1', 'hit'],
    ['2001:db9:1::5', 'hit'],
    ['::ffff:102:304', 'hit'],
    ['[2001:db8::2]:443', 'hit'],
    ['2001:dba::1 12:13:14 aa:bb:cc:dd:ee:ff', ''],
    ['D41D8CD98F00B204E9800998ECF8427E', 'hit'],
    ['d41d8cd98f00b204e9800998ecf8427ef', ''],
    ['joe.smith@gmail.com', 'hit'],
    ['bob@gmail.com', ''],
    ['{"host":"github.com","path":"/evil/payload"}', 'hit'],
    ['https://github.com/good', ''],
    ['C:\\evil tool.exe', 'hit'],
    ['Global\\\\Foo12345', 'hit'],
    ['Foo123456', ''],
    ['évil.com', 'encoding'],
    ['ev\\u0069l.com', 'encoding'],
    ['evil%2ecom', 'encoding'],
    ['%%4432 x%41y evil %2e%2e%5c', ''],
    ['github.com p%41yload', 'encoding'],
    ['a&#46;b', 'encoding'],
    ['http://ev\u00adil/', 'encoding'],
    ['evil。com', 'encoding'],
    ['2001%3Adb8%3A%3A1', 'encoding'],
    ['“evil.com”', 'hit'],
    ['пример, текст. Ещё', ''],
    ['10%3A20%3A30 a%3A80 %20', ''],
  ];
  it.each(cases)('%j is %j', (record, expected) => {
    expect(verdict(scanner, record)).toBe(expected);
    // At every alignment to the 64-byte blocks.
    for (let shift = 1; shift < 66; shift += 5)
      expect(verdict(scanner, `${' '.repeat(shift)}${record} `)).toBe(expected);
  });
});

it('keeps records apart that nothing stands between', () => {
  const scanner = scannerOf(ROWS);
  const records = ['1', '1.2.3.4', '0', 'x', 'evil.com', 'm', 'a', 'bad.org'];
  const ranges = new Uint32Array(2 * records.length);
  Buffer.from(records.join('')).copy(scanner.input);
  let at = 0;
  for (const [i, { length }] of records.entries()) {
    ranges.set([at, at + length], 2 * i);
    at += length;
  }
  const { candidateCount, ordinals } = scanner.scanRecords(ranges, records.length);
  expect([...ordinals.subarray(0, candidateCount)]).toEqual([1, 4, 7]);
});

describe('lines', () => {
  it('reports consumed bytes, ordinals and ranges without line ends', () => {
    const scanner = scannerOf(ROWS);
    const text = 'a\r\nevil.com\r\n\nx evil.com';
    Buffer.from(text).copy(scanner.input);
    const open = scanner.scanLines(text.length, false);
    expect([open.records, open.consumedBytes, open.candidateCount]).toEqual([3, 14, 1]);
    expect([...open.ranges.slice(0, 2)]).toEqual([3, 11]);
    const closed = scanner.scanLines(text.length, true);
    expect([closed.records, closed.consumedBytes, closed.candidateCount]).toEqual([4, text.length, 2]);
    expect([...closed.ordinals.slice(0, 2)]).toEqual([1, 3]);
    expect([...closed.ranges.slice(2, 4)]).toEqual([14, 24]);
  });

  it('finds more candidates than the kernel can list at once', () => {
    const scanner = scannerOf(ROWS);
    const length = Buffer.from('%41.b\n'.repeat(100_000)).copy(scanner.input);
    const result = scanner.scanLines(length, true);
    expect([result.candidateCount, result.encodingOnly, result.records]).toEqual([100_000, 100_000, 100_000]);
    expect(result.ordinals[99_999]).toBe(99_999);
  });

  it('takes a record longer than a piece, and one without any break', () => {
    const scanner = scannerOf(ROWS);
    const line = `${'word '.repeat(20_000)}evil.com ${'word '.repeat(20_000)}`;
    expect(verdict(scanner, line)).toBe('hit');
    expect(verdict(scanner, `${'word '.repeat(20_000)}github.com ${'x '.repeat(30_000)} payload`)).toBe('hit');
    expect(verdict(scanner, 'a.b-'.repeat(20_000))).toBe('encoding');
  });
});

describe('tables', () => {
  it('take additions while scanners run, until they are full', () => {
    const tables = tablesOf(ROWS);
    const scanner = new IndicatorScanner(allocateScanner(tables.memory, tables.address, 1 << 16));
    expect(verdict(scanner, 'late.example')).toBe('');
    expect(tables.add('domain', 'late.example', 'exact')).toBe('added');
    expect(verdict(scanner, 'late.example')).toBe('hit');
    let added = 0;
    while (tables.add('domain', `d${added}.example`, 'exact') === 'added') added++;
    expect(added).toBeGreaterThan(1000);
    expect(verdict(scanner, `d${added - 1}.example`)).toBe('hit');
  });

  it('give the same verdicts when saved and restored in another memory', () => {
    const saved = tablesOf(ROWS).bytesView().slice();
    const memory = new ScanMemory();
    memory.allocate(12_345);
    const tables = WitnessTables.restore(memory, saved);
    const scanner = new IndicatorScanner(allocateScanner(memory, tables.address, 1 << 16));
    expect(verdict(scanner, 'x evil.com')).toBe('hit');
    expect(verdict(scanner, 'x evil.con')).toBe('');
  });

  it('make every record a candidate when an indicator has no witness', () => {
    const scanner = scannerOf([['text', 'ab c!']]);
    expect(verdict(scanner, 'anything')).toBe('hit');
    Buffer.from('a\nb\n').copy(scanner.input);
    expect(scanner.scanLines(4, true).candidateCount).toBe(2);
  });

  it('refuse more than WebAssembly can address', () => {
    expect(() => new ScanMemory().allocate(2 ** 32)).toThrow(RangeError);
  });
});

it('random bytes never trap, with or without structure', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new Random(seed);
  const scanner = scannerOf([...ROWS, ['text', 'some odd words']], 70_000);
  const pieces = [
    '.',
    '..',
    ':',
    '::',
    '%',
    '%4',
    '%41',
    '\\',
    '\\u',
    '\\u00',
    '\\x',
    '&#',
    '&#x',
    '\n',
    '@',
    '//',
    'é',
    '。',
    'evil.com',
    'github.com',
    'a',
    '1',
    '1.',
    'ffff',
  ];
  for (let round = 0; round < 300; round++) {
    const length = random.int(70_000);
    let at = 0;
    while (at < length) {
      if (round % 3 === 0) scanner.input[at++] = random.int(256);
      else at += Buffer.from(random.pick(pieces)).copy(scanner.input.subarray(0, length), at);
    }
    const result = scanner.scanLines(length, random.chance(0.5));
    expect(result.consumedBytes, `seed ${seed}`).toBeLessThanOrEqual(length);
  }
});

it('makes the same tables of the columns of a table as of the values one by one', () => {
  const builder = new IndicatorTableBuilder();
  const details = builder.addDetails(builder.addFeed('f'), { provider: 'p' });
  const names = [
    `${'a'.repeat(63)}.${'b'.repeat(63)}.example`,
    'xn--p1ai.example',
    'a--b.example',
    'xn--53h.example',
    'a.xn--p1ai',
  ];
  for (const [kind, value, semantics = 'exact'] of ROWS) builder.add(kind, value, semantics, details);
  for (const name of names) builder.add('domain', name, 'subdomain', details);
  for (const address of ['0.0.0.1', '255.255.255.255', '198.51.100.7']) builder.add('ipv4', address, 'exact', details);
  for (let i = 0; i < 5000; i++) builder.add('domain', `n${i}.example`, i % 2 === 0 ? 'exact' : 'subdomain', details);
  const table = builder.finish();
  const rows = Array.from(table, ({ kind, value, semantics }) => [kind, value, semantics] as const);
  const built = WitnessTables.build(new ScanMemory(), table);
  expect(Buffer.compare(built.bytesView(), tablesOf(rows).bytesView())).toBe(0);
});
