import { describe, expect, it } from 'vitest';
import type { IndicatorKind } from './indicator.ts';
import { INDICATOR_KINDS } from './indicator-table.ts';
import { indicatorValue } from './indicator-value.ts';

const ACCEPTED: readonly (readonly [IndicatorKind, string, IndicatorKind, string, ...string[]])[] = [
  ['domain', 'Evil.Example.', 'domain', 'evil.example'],
  ['domain', ' evil[.]example ', 'domain', 'evil.example', 'blanks', 'refanged'],
  ['domain', 'bücher.example', 'domain', 'xn--bcher-kva.example'],
  ['domain', '*.evil.example', 'domain', 'evil.example', 'wildcard'],
  ['domain', '198.51.100.7', 'ipv4', '198.51.100.7', 'other-kind'],
  ['domain', 'evil.example:8080', 'endpoint', 'evil.example:8080', 'other-kind'],
  ['domain', 'evil.example/', 'domain', 'evil.example'],
  ['domain', 'evil.example/a/b', 'url', 'evil.example/a/b', 'other-kind'],
  ['domain', 'hxxp://evil.example/a', 'url', 'http://evil.example/a', 'refanged', 'other-kind'],
  ['ipv4', '198.51.100.7/32', 'ipv4', '198.51.100.7', 'full-length-prefix'],
  ['ipv4', '198.51.100.7/24', 'network', '198.51.100.0/24'],
  ['ipv4', '198[.]51[.]100[.]7:443', 'endpoint', '198.51.100.7:443', 'refanged', 'other-kind'],
  ['ipv4', 'evil.example', 'domain', 'evil.example', 'other-kind'],
  ['ipv6', '2001:DB8:0:0::1', 'ipv6', '2001:db8::1'],
  ['ipv6', '::ffff:198.51.100.7', 'ipv4', '198.51.100.7'],
  ['network', '2001:db8::/32', 'network', '2001:db8::/32'],
  ['url', 'hxxp[:]//Evil[.]example:80', 'url', 'http://evil.example/', 'refanged'],
  ['email', 'Bad.Guy[@]Evil[.]example', 'email', 'bad.guy@evil.example', 'refanged'],
  ['email', 'Someone <a@evil.example>', 'email', 'a@evil.example'],
  ['hash', 'D41D8CD98F00B204E9800998ECF8427E', 'hash', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['hash', `sha256:${'A'.repeat(64)}`, 'hash', 'a'.repeat(64)],
  ['file-name', 'Bad.EXE', 'file-name', 'bad.exe'],
  ['registry-key', 'HKLM\\Software\\X', 'registry-key', 'hkey_local_machine\\software\\x'],
  ['registry-key', 'HKCU\\\\A\\\\B', 'registry-key', 'hkey_current_user\\a\\b', 'double-backslash'],
  ['endpoint', '[2001:db8::1]:80', 'endpoint', '[2001:db8::1]:80'],
  ['mutex', 'Global\\x', 'mutex', 'Global\\x'],
  ['text', 'curl hxxp://a[.]b/', 'text', 'curl http://a.b/', 'refanged'],
];

const REFUSED: readonly (readonly [IndicatorKind, string])[] = [
  ['domain', 'localhost'],
  ['domain', 'not a name'],
  ['domain', ''],
  ['ipv4', '198.51.100.256'],
  ['ipv4', '198.51.100.0/33'],
  ['ipv4', '198.051.100.1'],
  ['url', '/only/a/path'],
  ['email', '@evil.example'],
  ['hash', 'abc'],
  ['hash', 'g'.repeat(32)],
  ['endpoint', 'evil.example:0'],
  ['endpoint', 'evil.example:70000'],
  ['registry-key', 'Software'],
  ['file-name', 'a'],
  ['text', 'x'.repeat(20_000)],
];

describe('indicator value', () => {
  for (const [kind, text, expectedKind, value, ...notes] of ACCEPTED)
    it(`reads ${kind} ${JSON.stringify(text)} as ${expectedKind} ${value}`, () => {
      const read = indicatorValue(kind, text);
      expect(read).toMatchObject({ kind: expectedKind, value });
      expect(read?.notes).toEqual(notes);
    });

  for (const [kind, text] of REFUSED)
    it(`refuses ${kind} ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(indicatorValue(kind, text)).toBeUndefined();
    });

  it('is the same whether the text is taken as it is or read the long way', () => {
    const texts = ACCEPTED.flatMap(([, text, , value]) => [text, value]);
    const marked = [
      'http://a.example/x[.]y',
      'http://a.example/(dot)',
      'http://a.example/a)b',
      'hxxp://a.example/',
      'htx.example',
    ];
    let canonical = 0;
    for (const kind of INDICATOR_KINDS)
      for (const text of [...texts, ...marked]) {
        const read = indicatorValue(kind, text);
        // A blank is noted, and keeps the text from being taken as it is.
        const long = indicatorValue(kind, `${text} `);
        if (read?.value === text) canonical++;
        expect({ ...read, notes: read?.notes.filter((note) => note !== 'blanks') }, `${kind} ${text}`).toEqual({
          ...long,
          notes: long?.notes.filter((note) => note !== 'blanks'),
        });
      }
    expect(canonical).toBeGreaterThan(30);
  });
});
