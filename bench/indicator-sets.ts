/** Indicator sets for benchmarks: the real million of the shared data, or a seeded one of any size in the same mix. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { IndicatorKind } from '../src/core/indicator.ts';
import type { IndicatorTable } from '../src/core/indicator-table.ts';
import { IndicatorTableBuilder } from '../src/core/indicator-table-builder.ts';
import { canonicalDomain } from '../src/core/domain-name.ts';
import { canonicalIp } from '../src/core/ip-address.ts';
import { canonicalUrl } from '../src/core/web-url.ts';
import { Random } from '../src/testing/random.ts';

const KINDS: Readonly<Record<string, IndicatorKind>> = {
  domain: 'domain',
  url: 'url',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
  cidr: 'network',
  cidr6: 'network',
  email: 'email',
  sha256: 'hash',
  md5: 'hash',
  sha1: 'hash',
};

const CANONICAL: Readonly<Partial<Record<IndicatorKind, (text: string) => string | undefined>>> = {
  domain: canonicalDomain,
  url: canonicalUrl,
  ipv6: canonicalIp,
};

class SetBuilder {
  readonly #builder = new IndicatorTableBuilder();
  readonly #details = this.#builder.addDetails(this.#builder.addFeed('bench'), { provider: 'bench' });

  add(kind: IndicatorKind, text: string): void {
    const value = (CANONICAL[kind] ?? ((same: string) => same))(text);
    if (value === undefined) return;
    this.#builder.add(kind, value, kind === 'domain' ? 'subdomain' : 'exact', this.#details);
  }

  finish(): IndicatorTable {
    return this.#builder.finish();
  }
}

/** The shared set; `kind` leaves only that kind. */
export function realIndicators(path: string, kind?: IndicatorKind): IndicatorTable {
  const builder = new SetBuilder();
  for (const line of gunzipSync(readFileSync(path)).toString().split('\n')) {
    const [type = '', value = ''] = line.split('\t');
    const known = KINDS[type];
    if (known !== undefined && (kind === undefined || kind === known)) builder.add(known, value);
  }
  return builder.finish();
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const HEX = '0123456789abcdef';

/** `count` indicators in the proportions of the shared set. */
export function seededIndicators(seed: number, count: number): IndicatorTable {
  const random = new Random(seed);
  const builder = new SetBuilder();
  for (let i = 0; i < count; i++) {
    const at = random.next();
    if (at < 0.34) builder.add('domain', name(random));
    else if (at < 0.6)
      builder.add('url', `https://${name(random)}/${random.text(LETTERS, 3, 16)}/${random.text(LETTERS, 0, 12)}`);
    else if (at < 0.78) builder.add('ipv4', quad(random));
    else if (at < 0.985) builder.add('hash', random.text(HEX, 64, 64));
    else if (at < 0.996) builder.add('network', `${quad(random).replace(/\d+$/, '0')}/24`);
    else builder.add('ipv6', `2001:${random.text(HEX, 1, 4)}:${random.text(HEX, 1, 4)}::${random.text(HEX, 1, 4)}`);
  }
  return builder.finish();
}

/** Kinds that are found by words of their own. */
export function wordIndicators(seed: number, count: number, kind: IndicatorKind): IndicatorTable {
  const random = new Random(seed);
  const builder = new SetBuilder();
  for (let i = 0; i < count; i++) {
    const word = random.text(LETTERS, 6, 14);
    builder.add(kind, VALUE[kind]?.(word, random) ?? word);
  }
  return builder.finish();
}

const VALUE: Readonly<Partial<Record<IndicatorKind, (word: string, random: Random) => string>>> = {
  'file-name': (word, random) => `${word}.${random.pick(['exe', 'dll', 'ps1'])}`,
  'registry-key': (word) => `hkey_local_machine\\software\\${word}\\run`,
  mutex: (word) => `Global\\${word}`,
  'user-agent': (word) => `Mozilla/5.0 (compatible; ${word})`,
};

function name(random: Random): string {
  return `${random.text(LETTERS, 4, 14)}.${random.chance(0.4) ? `${random.text(LETTERS, 3, 10)}.` : ''}${random.pick(['com', 'net', 'ru', 'xyz', 'top', 'info'])}`;
}

function quad(random: Random): string {
  return [11 + random.int(180), random.int(256), random.int(256), random.int(256)].join('.');
}
