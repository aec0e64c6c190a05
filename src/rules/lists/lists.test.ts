import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeedLoader, type FeedPolicy, FeedReport } from '../../core/feed.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { DelimitedRows } from './delimited-rows.ts';
import { feedFormat } from './feed-format.ts';
import { JsonList } from './json-list.ts';
import type { ListFeed } from './list-writer.ts';
import { PlainList } from './plain-list.ts';
import { isPublicSuffix } from './public-suffix.ts';
import { TableList } from './table-list.ts';
import { TextLines } from './text-lines.ts';

function load(
  text: string | Buffer,
  make: (feed: ListFeed) => FeedLoader,
  policy: Partial<FeedPolicy> = {},
  chunkBytes = 7,
) {
  const table = new IndicatorTableBuilder();
  const report = new FeedReport();
  const loader = make({
    table,
    feed: table.addFeed('list'),
    policy: { provider: 'list', role: 'indicators', ...policy },
    report,
    file: 'list.txt',
  });
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) loader.push(bytes.subarray(at, at + chunkBytes));
  const broken = loader.end();
  const rows = [...table.finish()];
  return { rows, values: rows.map(({ kind, value }) => `${kind} ${value}`), report, broken };
}

const plain = (feed: ListFeed): FeedLoader => new PlainList(feed);
const table = (feed: ListFeed): FeedLoader => new TableList(feed);

describe('plain list', () => {
  it('finds the kind of each line', () => {
    const lines: readonly (readonly [string, string])[] = [
      ['Evil.Example', 'domain evil.example'],
      ['evil[.]example[.]org', 'domain evil.example.org'],
      ['198.51.100.7', 'ipv4 198.51.100.7'],
      ['198.51.100.0/24', 'network 198.51.100.0/24'],
      ['198.51.100.8:8080', 'endpoint 198.51.100.8:8080'],
      ['2001:DB8::1', 'ipv6 2001:db8::1'],
      ['hxxps://evil[.]example/a?b=c#d', 'url https://evil.example/a?b=c'],
      ['evil.example/path', 'url evil.example/path'],
      ['Bad@Evil.example', 'email bad@evil.example'],
      ['D41D8CD98F00B204E9800998ECF8427E', 'hash d41d8cd98f00b204e9800998ecf8427e'],
      ['HKLM\\Software\\Evil', 'registry-key hkey_local_machine\\software\\evil'],
      ['dropper.exe', 'file-name dropper.exe'],
    ];
    const { values, report } = load(lines.map(([line]) => line).join('\r\n'), plain);
    expect(values).toEqual(lines.map(([, value]) => value));
    expect(report.badCount).toBe(0);
  });

  it('skips comments, cuts inline ones, quotes and trailing text', () => {
    const { values, report } = load(
      '\ufeff# head\n; x\n// y\n\n"a.example",\nb.example # why\n198.51.100.7\t12\nhttp://c.example/#x\n d.example \n',
      plain,
    );
    expect(values).toEqual([
      'domain a.example',
      'domain b.example',
      'ipv4 198.51.100.7',
      'url http://c.example/',
      'domain d.example',
    ]);
    expect(report.statistics().notes).toEqual({ 'extra-text': 1 });
  });

  it('explains bad lines with their number', () => {
    const { values, report } = load('a.example\nnot an indicator\n198.51.100.300\n', plain);
    expect(values).toEqual(['domain a.example']);
    expect(report.problems.map(({ code, message, span }) => [code, message, span])).toEqual([
      ['INTEL_BAD_VALUE', '"not an indicator" is no indicator', { file: 'list.txt', line: 2 }],
      ['INTEL_BAD_VALUE', '"198.51.100.300" is no indicator', { file: 'list.txt', line: 3 }],
    ]);
  });

  it('stays bounded with a million bad lines', () => {
    const { report } = load('???\n'.repeat(1_000_000), plain, {}, 65_536);
    expect(report.badCount).toBe(1_000_000);
    expect(report.problems.length).toBe(20);
  });

  it('gives up lines without end', () => {
    const { values, report } = load(`a.example\n${'x'.repeat(300_000)}\nb.example`, plain, {}, 10_000);
    expect(values).toEqual(['domain a.example', 'domain b.example']);
    expect(report.badCount).toBe(1);
  });

  it('includes sub-domains, but never at a public suffix', () => {
    const { rows, report } = load(
      'evil.example.com\nco.uk\ngithub.io\nkawasaki.jp\nx.github.io\n*.wild.example\n',
      plain,
    );
    expect(rows.map(({ value, semantics }) => [value, semantics])).toEqual([
      ['evil.example.com', 'subdomain'],
      ['co.uk', 'exact'],
      ['github.io', 'exact'],
      ['kawasaki.jp', 'exact'],
      ['x.github.io', 'subdomain'],
      ['wild.example', 'subdomain'],
    ]);
    expect(report.statistics().notes).toMatchObject({ 'public-suffix': 3, wildcard: 1 });
    expect(isPublicSuffix('example.com')).toBe(false);
  });

  it('takes the semantics that the feed says', () => {
    const { rows } = load('a.example\nhttp://b.example/x\n', plain, { domains: 'exact', urls: 'host' });
    expect(rows.map(({ semantics }) => semantics)).toEqual(['exact', 'host']);
  });

  it('reads hosts files and the dialects of blockers and resolvers', () => {
    const { values, report } = load(
      '127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 a.example b.example # c.example\n0.0.0.0\td.example\n' +
        '||e.example^\n||f.example^$third-party\naddress=/g.example/0.0.0.0\nlocal-zone: "h.example" always_nxdomain\n@@||i.example^\n',
      plain,
    );
    expect(values).toEqual(['a', 'b', 'd', 'e', 'f', 'g', 'h'].map((name) => `domain ${name}.example`));
    expect(report.statistics()).toMatchObject({ bad: 0, skipped: { 'local-name': 2, exception: 1 } });
  });

  it('takes pinned kinds as they are', () => {
    const agents = 'Evil/1.0 (x; y) # z\ncurl/7\n';
    expect(load(agents, (feed) => new PlainList(feed, { kind: 'user-agent' })).values).toEqual([
      'user-agent Evil/1.0 (x; y) # z',
      'user-agent curl/7',
    ]);
  });

  it('reads UTF-16 with a byte order mark, and CR line ends', () => {
    const wide = Buffer.from('\ufeffa.example\r\nb\u00fccher.example\r\n', 'utf16le');
    const swapped = Buffer.from(wide).swap16();
    for (const bytes of [wide, swapped]) {
      expect(feedFormat(bytes)).toBe('plain');
      expect(load(bytes, plain).values).toEqual(['domain a.example', 'domain xn--bcher-kva.example']);
    }
    expect(load('a.example\rb.example\r', plain).values.length).toBe(2);
  });

  it('finds back every domain and address, however it is written and cut into chunks', () => {
    const entry = fc.oneof(
      fc.domain().filter((name) => name.length > 4),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        (entries, chunk, defanged) => {
          const text = entries.map((e) => (defanged ? e.replaceAll('.', '[.]') : e)).join('\n');
          const { report } = load(text, plain, {}, chunk);
          expect(report.badCount).toBe(0);
          expect(report.loadedCount).toBe(entries.length);
        },
      ),
    );
  });
});

describe('table', () => {
  it('finds type, value and source columns by their look', () => {
    const { rows } = load(
      'url\thttp://a.example/x,y"z\tfeed-a\nipv4\t198.51.100.7\tfeed-b\ncidr\t198.51.100.0/24\tfeed-a\n',
      table,
    );
    expect(rows.map(({ kind, value, details }) => [kind, value, details.provider])).toEqual([
      ['url', 'http://a.example/x,y"z', 'feed-a'],
      ['ipv4', '198.51.100.7', 'feed-b'],
      ['network', '198.51.100.0/24', 'feed-a'],
    ]);
  });

  it('reads headers, quotes and columns of their own', () => {
    const { rows, report } = load(
      'indicator,type,name,confidence,valid_until,tlp\r\n"a.example",domain,"Evil, ""the"" one",80,2024-01-31T00:00:00Z,TLP:AMBER\r\n"b.example",domain,,,,\r\n',
      table,
    );
    expect(rows.map(({ value, details: { id: _id, ...details } }) => [value, details])).toEqual([
      [
        'a.example',
        {
          name: 'Evil, "the" one',
          provider: 'list',
          confidence: 80,
          tlp: 'amber',
          validUntilMs: Date.UTC(2024, 0, 31),
        },
      ],
      ['b.example', { name: 'b.example', provider: 'list' }],
    ]);
    expect(report.badCount).toBe(0);
  });

  it('reads several value columns of a row, and headers in comments', () => {
    const sha256 = 'a'.repeat(64);
    const md5 = 'b'.repeat(32);
    const { values } = load(
      `# a feed\n# "first_seen_utc","sha256_hash","md5_hash","file_name"\n"2024-01-01","${sha256}","${md5}","x.exe"\n`,
      table,
    );
    expect(values).toEqual([`hash ${sha256}`, `hash ${md5}`]);
    const zeek = load(
      '#fields\tindicator\tindicator_type\tmeta.source\n198.51.100.7\tIntel::ADDR\tct\nx.example/a\tIntel::URL\tct\n',
      table,
    );
    expect(zeek.values).toEqual(['ipv4 198.51.100.7', 'url x.example/a']);
    expect(zeek.rows[0]?.details.provider).toBe('ct');
  });

  it('takes columns that the user names, by name and by position', () => {
    const text = 'when;bad thing\n2024;evil.example\n';
    const named = (value: string | number) => (feed: ListFeed) => new TableList(feed, { columns: { value } });
    expect(load(text, named('bad thing')).values).toEqual(['domain evil.example']);
    expect(load('x;evil.example\n', named(2)).values).toEqual(['domain evil.example']);
    expect(load(text, named('bad thingy')).broken).toMatchObject({
      code: 'INTEL_BAD_COLUMNS',
      message: 'no column "bad thingy"; did you mean "bad thing"?',
    });
  });

  it('says when no column holds values', () => {
    expect(load('a,b\nc,d\n', table).broken?.code).toBe('INTEL_BAD_COLUMNS');
  });

  it('reads MISP pairs', () => {
    const { values } = load(
      `type,value\ndomain|ip,a.example|198.51.100.7\nip-dst|port,198.51.100.8|443\nfilename|md5,x.exe|${'a'.repeat(32)}\nip-dst|port,2001:db8::1|80\n`,
      table,
    );
    expect(values).toEqual([
      'domain a.example',
      'ipv4 198.51.100.7',
      'endpoint 198.51.100.8:443',
      `hash ${'a'.repeat(32)}`,
      'endpoint [2001:db8::1]:80',
    ]);
  });
});

describe('lines of a text', () => {
  it('are the same however the text is cut, characters of several bytes among ASCII', () => {
    const text = '\ufeffone\né\r\ntwo\rthree\n\n€ and 𝄞\nlast';
    const bytes = Buffer.from(text);
    const wanted = ['one', 'é', 'two', 'three', '', '€ and 𝄞', 'last'].map((line, i) => `${i + 1} ${line}`);
    for (let a = 0; a <= bytes.length; a++)
      for (let b = a; b <= bytes.length; b++) {
        // A CR that ends a chunk may be half of CRLF, which `TextLines` sees only when the line is whole.
        const lines: string[] = [];
        const reader = new TextLines(
          (line, number) => lines.push(`${number} ${line}`),
          () => undefined,
        );
        for (const chunk of [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)]) reader.push(chunk);
        reader.end();
        expect(lines).toEqual(wanted);
      }
  });
});

describe('public suffixes', () => {
  it.each([
    ['co.uk', true],
    ['github.io', true],
    ['kawasaki.jp', true],
    ['foo.kawasaki.jp', true],
    ['city.kawasaki.jp', false],
    ['foo.ck', true],
    ['www.ck', false],
    ['example.com', false],
    ['example.co.uk', false],
    ['a.b.example', false],
  ])('%s: %s', (name, is) => {
    expect(isPublicSuffix(name)).toBe(is);
  });
});

describe('rows of RFC 4180', () => {
  it('have a thousand cells at most', () => {
    const rows: (readonly string[])[] = [];
    const reader = new DelimitedRows('\t', (cells) => rows.push(cells));
    for (const cells of [1, 3, 999, 1000, 1001, 2000]) reader.line('a\t'.repeat(cells - 1), 1);
    expect(rows.map(({ length }) => length)).toEqual([3, 999, 1000, 1000, 1000]);
    expect(rows[0]).toEqual(['a', 'a', '']);
  });

  const rowsOf = (text: string): (readonly string[])[] => {
    const rows: (readonly string[])[] = [];
    const reader = new DelimitedRows(',', (cells) => rows.push(cells));
    for (const [i, line] of text.split('\n').entries()) reader.line(line, i + 1);
    reader.end();
    return rows;
  };

  it('come back as they were written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é') });
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (rows) => {
        const text = rows.map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(',')).join('\n');
        expect(rowsOf(text)).toEqual(rows);
      }),
    );
  });

  it('lose one row at most to a quote that is never closed', () => {
    const text = `a,"b\n${Array.from({ length: 300 }, (_, i) => `c,${i}`).join('\n')}`;
    const rows = rowsOf(text);
    expect(rows.length).toBe(301);
    expect(rows.at(-1)).toEqual(['c', '299']);
  });
});

describe('lists in JSON', () => {
  const misp = (feed: ListFeed): FeedLoader => new JsonList(feed, 'misp');
  const attribute = (type: string, value: string, more: object = {}) => ({ type, value, to_ids: true, ...more });

  it('reads MISP events in every wrapping', () => {
    const event = {
      info: 'campaign',
      Orgc: { name: 'CERT' },
      Tag: [{ name: 'tlp:amber' }],
      Attribute: [
        attribute('domain', 'a.example', { uuid: '00000000-0000-4000-8000-000000000001', comment: 'c2' }),
        attribute('ip-dst|port', '198.51.100.7|443'),
        attribute('comment', 'words'),
        attribute('domain', 'no.example', { to_ids: false }),
        attribute('ip-dst', 'nonsense'),
      ],
      Object: [{ Attribute: [attribute('sha256', 'a'.repeat(64))] }],
    };
    for (const whole of [{ Event: event }, { response: [{ Event: event }] }, [{ Event: event }], event]) {
      const { rows, report } = load(JSON.stringify(whole), misp);
      expect(rows.map(({ value, semantics }) => [value, semantics])).toEqual([
        ['a.example', 'exact'],
        ['198.51.100.7:443', 'exact'],
        ['a'.repeat(64), 'exact'],
      ]);
      expect(rows[0]?.details).toMatchObject({
        id: 'indicator--00000000-0000-4000-8000-000000000001',
        name: 'campaign',
        provider: 'CERT',
        tlp: 'amber',
        description: 'c2',
      });
      expect(report.statistics()).toMatchObject({ bad: 1, skipped: { 'other-type': 1, 'not-for-detection': 1 } });
    }
  });

  it('reads warning lists', () => {
    const lists = [
      { name: 'hosts', type: 'hostname', list: ['good.example'], matching_attributes: ['domain'] },
      { name: 'nets', type: 'cidr', list: ['198.51.100.0/24', '2001:db8::1'] },
      { name: 'names', type: 'string', list: ['fine.example', 'word'] },
      { name: 'patterns', type: 'regex', list: ['.*'] },
    ];
    const { rows, report } = load(
      lists.map((list) => JSON.stringify(list)).join('\n'),
      (feed) => new JsonList(feed, 'warninglist'),
    );
    expect(rows.map(({ value, semantics, details }) => [value, semantics, details.provider])).toEqual([
      ['good.example', 'subdomain', 'hosts'],
      ['198.51.100.0/24', 'exact', 'nets'],
      ['2001:db8::1', 'exact', 'nets'],
      ['fine.example', 'exact', 'list'],
    ]);
    expect(report.statistics().skipped).toEqual({ 'regex-list': 1, 'no-indicator': 1 });
  });

  it('reads arrays of values and says when the text is cut off', () => {
    const values = (feed: ListFeed): FeedLoader => new JsonList(feed, 'values');
    expect(load('["a.example", "198.51.100.7"]', values).values).toEqual(['domain a.example', 'ipv4 198.51.100.7']);
    expect(load('["a.example", "198', values).broken?.code).toBe('INTEL_BROKEN_FEED');
  });
});

describe('format of a feed', () => {
  const cases: readonly (readonly [string, ReturnType<typeof feedFormat>])[] = [
    ['{"type":"bundle","objects":[', 'stix'],
    ['\ufeff\n[{"type":"indicator","id":"indicator--0', 'stix'],
    ['{"more":true,"objects":[{', 'stix'],
    ['{"Event":{"info":"x","uuid":"y","Attribute":[', 'misp'],
    ['{"response":[{"Event":{', 'misp'],
    ['{"name":"x","type":"cidr","list":["', 'warninglist'],
    ['["a.example"]', 'json-values'],
    ['# comment\n0.0.0.0 a.example\n0.0.0.0 b.example\n', 'hosts'],
    ['127.0.0.1\tlocalhost\n0.0.0.0\ta.example\n', 'hosts'],
    ['a.example\nb.example\n', 'plain'],
    ['[Adblock Plus 2.0]\n||a.example^\n', 'plain'],
    ['198.51.100.7\t12\n198.51.100.8\t3\n', 'table'],
    ['url\thttp://a.example\tsource\n', 'table'],
    ['type,value\ndomain,a.example\n', 'table'],
    ['# only comments\n', 'plain'],
    ['<!DOCTYPE html><html>', undefined],
    ['\u0000\u0001\u0002 binary', undefined],
    ['some words in a letter\nand more of them\n', undefined],
  ];
  for (const [text, format] of cases)
    it(`${JSON.stringify(text.slice(0, 40))} is ${format ?? 'nothing known'}`, () => {
      expect(feedFormat(Buffer.from(text))).toBe(format);
    });
});

describe.skipIf(!hasSharedData('iocs'))(`real lists ${sharedDataMissing('iocs')}`, () => {
  it('loads all of 10,000 mixed indicators', () => {
    const bytes = readFileSync(sharedData('iocs', 'iocs-10k.tsv'));
    expect(feedFormat(bytes.subarray(0, 65_536))).toBe('table');
    const { rows, report } = load(bytes, table, {}, 65_536);
    const bad = report.problems.map(({ message }) => message);
    expect([report.statistics().entries, bad]).toEqual([10_000, []]);
    expect(rows.length).toBeGreaterThan(9900);
    expect(rows.every(({ details }) => details.provider !== 'list')).toBe(true);
  });
});
