/**
 * Random indicators, and random records in which they are planted with every spelling that must not hide them: case, JSON and
 * percent escapes, trailing dots, ports, address spellings, non-ASCII neighbours, separate fields, near misses.
 */
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { canonicalIp } from '../core/ip-address.ts';
import { canonicalUrl } from '../core/web-url.ts';
import type { Random } from './random.ts';

export interface PlainIndicator {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALNUM = `${LOWER}0123456789`;
const HEX = '0123456789abcdef';
const TLDS = ['com', 'net', 'org', 'io', 'co.uk', 'xn--p1ai', 'museum'];
const HOSTS = [
  'github.com',
  'drive.google.com',
  'evil.example.org',
  'a.b.c.d.e.f.net',
  '185.10.20.30',
  'xn--bcher-kva.de',
];

export function randomName(random: Random): string {
  if (random.chance(0.2)) return random.pick(HOSTS.filter((host) => !host.startsWith('185')));
  const labels = random.chance(0.06) ? 9 : random.int(3) + 1;
  let name = '';
  for (let i = 0; i < labels; i++) {
    const length = random.chance(0.1) ? 40 : 10;
    const label = random.text(ALNUM, 1, length);
    const middle = random.chance(0.2) ? random.pick(['-', '_', '--']) : '';
    name += `${label}${middle}${random.text(ALNUM, 1, 4)}.`;
  }
  return name + random.pick(TLDS);
}

function randomIpv4(random: Random): string {
  return [1 + random.int(223), random.int(256), random.int(256), random.int(256)].join('.');
}

function randomIpv6(random: Random): string {
  const groups = Array.from({ length: 8 }, () => (random.chance(0.4) ? '0' : random.text(HEX, 1, 4)));
  if (random.chance(0.7)) groups[0] = '2001';
  return canonicalIp(groups.join(':')) as string;
}

function randomTarget(random: Random): string {
  let target = '';
  for (let i = random.int(4); i > 0; i--)
    target += `/${random.text(`${ALNUM}_-~`, 1, 12)}${random.chance(0.1) ? '%20x' : ''}`;
  if (random.chance(0.3)) target += `/${random.text(LOWER, 3, 8)}.${random.pick(['php', 'exe', 'html'])}`;
  if (random.chance(0.3)) target += `?${random.text(LOWER, 1, 5)}=${random.text(ALNUM, 0, 9)}`;
  return target === '' ? '/' : target;
}

const MAKE: Readonly<Record<IndicatorKind, (random: Random) => PlainIndicator>> = {
  domain: (random) => ({ kind: 'domain', value: randomName(random), semantics: random.pick(['exact', 'subdomain']) }),
  ipv4: (random) => ({ kind: 'ipv4', value: randomIpv4(random), semantics: 'exact' }),
  ipv6: (random) => {
    const value = randomIpv6(random);
    return { kind: value.includes(':') ? 'ipv6' : 'ipv4', value, semantics: 'exact' };
  },
  network: (random) => {
    if (random.chance(0.5)) {
      const bits = 8 + random.int(24);
      const number = (random.int(2 ** 30) * 4) & ~(2 ** (32 - bits) - 1);
      const quad = [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.');
      return { kind: 'network', value: `${quad}/${bits}`, semantics: 'exact' };
    }
    const groups = 2 + random.int(3);
    const parts = ['2001', ...Array.from({ length: groups - 1 }, () => random.text('123456789abcdef', 1, 4))];
    return { kind: 'network', value: `${parts.join(':')}::/${groups * 16}`, semantics: 'exact' };
  },
  hash: (random) => {
    const length = random.pick([32, 40, 56, 64, 96, 128]);
    return { kind: 'hash', value: random.text(HEX, length, length), semantics: 'exact' };
  },
  email: (random) => {
    const local = random.text(`${ALNUM}._+`, 1, 12);
    return {
      kind: 'email',
      value: `${local}@${random.chance(0.3) ? 'gmail.com' : randomName(random)}`,
      semantics: 'exact',
    };
  },
  url: (random) => {
    const host = random.pick([random.pick(HOSTS), randomName(random), randomIpv4(random)]);
    const port = random.chance(0.15) ? ':8080' : '';
    const url = `${random.pick(['http', 'https'])}://${host}${port}${randomTarget(random)}`;
    return {
      kind: 'url',
      value: canonicalUrl(url) as string,
      semantics: random.pick(['exact', 'exact', 'prefix', 'host']),
    };
  },
  endpoint: (random) => {
    const host = random.pick([randomIpv4(random), randomName(random), `[${randomIpv6(random)}]`]);
    const isMapped = host.startsWith('[') && !host.includes(':');
    return {
      kind: 'endpoint',
      value: `${isMapped ? randomIpv4(random) : host}:${1 + random.int(9999)}`,
      semantics: 'exact',
    };
  },
  'file-name': (random) => ({
    kind: 'file-name',
    value: random.pick([
      `${random.text(ALNUM, 2, 10)}.${random.pick(['exe', 'dll', 'ps1', '7z1'])}`,
      `${random.text(LOWER, 3, 8)} ${random.text(LOWER, 3, 8)}.${random.pick(['docx', 'exe'])}`,
      `.${random.text(LOWER, 4, 9)}`,
      `é${random.text(LOWER, 4, 9)}.bin`,
    ]),
    semantics: 'exact',
  }),
  'registry-key': (random) => ({
    kind: 'registry-key',
    value: `hkey_local_machine\\software\\${random.text(ALNUM, 4, 10)}\\${random.text(LOWER, 3, 8)}`,
    semantics: 'exact',
  }),
  mutex: (random) => ({
    kind: 'mutex',
    value: `Global\\${random.text(ALNUM.toUpperCase(), 5, 12)}`,
    semantics: 'exact',
  }),
  'user-agent': (random) => ({
    kind: 'user-agent',
    value: `${random.text(LOWER, 4, 9)}Bot/${random.int(9)}.${random.int(9)} (x)`,
    semantics: 'exact',
  }),
  text: (random) => ({
    kind: 'text',
    value: `${random.text(LOWER, 4, 9)} is ${random.text(LOWER, 4, 12)}`,
    semantics: 'exact',
  }),
};

export function randomIndicators(random: Random, perKind: number): PlainIndicator[] {
  const found = new Map<string, PlainIndicator>();
  for (const make of Object.values(MAKE))
    for (let i = 0; i < perKind; i++) {
      const indicator = make(random);
      found.set(`${indicator.kind} ${indicator.value} ${indicator.semantics}`, indicator);
    }
  return [...found.values()];
}

/** How records are made: with `noise` 0 almost nothing needs the exact path for its encoding alone, with 1 almost everything. */
export interface Mix {
  readonly random: Random;
  readonly indicators: readonly PlainIndicator[];
  readonly noise: number;
}

/** A spelling of the value of one of the indicators, or something that is nearly it. */
function spell({ random, indicators, noise }: Mix): string {
  const { kind, value } = random.pick(indicators);
  let text = value;
  if (kind === 'domain')
    text = random.pick([
      value,
      `www.${value}`,
      `x${value}`,
      `${value}.`,
      `https://${value}/x`,
      `${value}:443`,
      `a@${value}`,
      `${value}.evil.net`,
    ]);
  if (kind === 'ipv4')
    text = random.pick([
      value,
      `${value}:80`,
      `${value}.`,
      `::ffff:${value}`,
      `${value}0`,
      `1${value}`,
      `http://${value}/`,
      `${value}-${value}`,
      `a_${value}_b`,
    ]);
  if (kind === 'ipv6')
    text = random.pick([value, longIpv6(value), `[${value}]:443`, `${value}%eth0`, `${value}.`, `${value}:`]);
  if (kind === 'network') text = addressInside(random, value);
  if (kind === 'hash') text = random.pick([value, `SHA=${value}`, `${value}0`, `${value}.exe`, `x-${value}`]);
  if (kind === 'email') text = random.pick([value, `<${value}>`, `mailto:${value}`, `x${value}`]);
  if (kind === 'url')
    text = random.pick([
      value,
      value.replace(/^\w+:\/\//, ''),
      `${value}/more`,
      `${value}&x=1`,
      value.replace(/:\d+\//, '/'),
      `(${value}).`,
      value.slice(0, -1),
    ]);
  if (kind === 'registry-key')
    text = value.replace(
      /^hkey_local_machine/,
      random.pick(['HKLM', 'HKEY_LOCAL_MACHINE', '\\REGISTRY\\MACHINE', 'hklm']),
    );
  if (kind === 'file-name' || kind === 'mutex')
    text = random.pick([value, `C:\\temp\\${value}`, `${value}.`, `${value}..`, `${value}_`, `${value} x`]);
  if (kind !== 'mutex' && kind !== 'user-agent' && kind !== 'text' && random.chance(0.25))
    text = randomCase(random, text);
  if (random.chance(0.12)) text = percentEncode(random, text, random.chance(noise / 2) ? /./gu : /[^A-Za-z0-9._-]/g);
  if (random.chance(0.04 * noise)) text = text.replace('.', random.pick(['。', '..', '．']));
  return text;
}

function randomCase(random: Random, text: string): string {
  return [...text].map((c) => (random.chance(0.5) ? c.toUpperCase() : c)).join('');
}

function percentEncode(random: Random, text: string, which: RegExp): string {
  const rate = random.pick([0.1, 1]);
  return text.replace(which, (c) =>
    random.chance(rate)
      ? [...Buffer.from(c)]
          .map((b) => `%${random.pick([b.toString(16), b.toString(16).toUpperCase()]).padStart(2, '0')}`)
          .join('')
      : c,
  );
}

function longIpv6(value: string): string {
  const [head = '', tail] = value.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(':');
}

function addressInside(random: Random, network: string): string {
  const [base = '', length = ''] = network.split('/');
  if (base.includes(':')) return `${base}${random.text(HEX, 1, 4)}`;
  const host = random.int(2 ** Math.min(30, 32 - Number(length)));
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + host;
  return [
    Math.floor(number / 2 ** 24),
    Math.floor(number / 65_536) % 256,
    Math.floor(number / 256) % 256,
    number % 256,
  ].join('.');
}

const NEIGHBOURS = [
  ' ',
  ' ',
  ' ',
  ' ',
  '"',
  "'",
  '/',
  '\\',
  ':',
  ',',
  ';',
  '=',
  '|',
  '(',
  ')',
  '[',
  ']',
  '<',
  '>',
  '@',
  '%',
  '\t',
  '“',
  '”',
  '—',
  '\u00a0',
  '.',
  '-',
  '_',
  'n',
  't',
  '7',
  '%20',
  '%2F',
  '%252F',
  '%2',
  '%zz',
  '\\n',
  '\\u002f',
  '\\x2f',
  '&#47;',
  '&amp;',
  '//',
  '\\\\',
  '\\u',
];
/** Those that may be part of a name. */
const LETTER_NEIGHBOURS = [
  'é',
  '。',
  'я',
  '\u00ad',
  '%C3%A9',
  '://',
  '\u200b',
  '😀',
  '%61',
  '\\u0061',
  '&#x61;',
  '%3A',
];
const WORDS = [
  'error',
  'user',
  'GET',
  'login',
  'example',
  'drive',
  'kernel',
  'mutex',
  'данные',
  '10.0.19041.1',
  '12:30:45',
  'aa:bb:cc:dd:ee:ff',
  'www.google.com',
  'index.html',
  'v1.2',
  '...',
  'std::string',
  '8.8.8.8',
  'github.com',
  'gmail.com',
  '{"a":1}',
  '%PATH%',
  '100%',
  'C:\\Windows\\system32',
];

/** A text with spellings of indicators in it, or none. */
function plantedText(mix: Mix): string {
  const { random, noise } = mix;
  let text = '';
  for (let i = random.int(5); i > 0; i--) {
    text += random.chance(0.15) ? spell(mix) : random.pick(WORDS);
    text += random.pick(random.chance(noise * 0.3) ? LETTER_NEIGHBOURS : NEIGHBOURS);
    if (random.chance(0.2)) text += random.pick(NEIGHBOURS);
  }
  return text;
}

const FIELDS = [
  'message',
  'src_ip',
  'dst_ip',
  'dst_port',
  'src_port',
  'host',
  'hostname',
  'path',
  'uri',
  'url',
  'query',
  'user_agent',
  'id.orig_h',
  'domain',
  'file',
  'a',
  'dest_port',
  'SourceIp',
  'DestinationPort',
];

function value(mix: Mix, depth: number): string {
  const { random } = mix;
  const kind = random.int(12);
  if (kind === 0) return String(random.int(70_000));
  if (kind === 1) return random.pick(['null', 'true', '1.5']);
  if (kind === 2 && depth < 3) return `[${value(mix, depth + 1)},${value(mix, depth + 1)}]`;
  if (kind === 3 && depth < 3) return object(mix, depth + 1);
  return jsonString(mix, random.chance(0.2) ? spell(mix) : plantedText(mix));
}

function object(mix: Mix, depth: number): string {
  const { random, indicators } = mix;
  const members: string[] = [];
  for (let i = 1 + random.int(5); i > 0; i--)
    members.push(`${JSON.stringify(random.pick(FIELDS))}:${random.chance(0.1) ? ' ' : ''}${value(mix, depth)}`);
  if (random.chance(0.15)) members.push(...separateFields(mix, random.pick(indicators)));
  return `{${members.join(random.pick([',', ', ']))}}`;
}

/** Host, port and target of a URL or endpoint in fields of their own. */
function separateFields(mix: Mix, indicator: PlainIndicator): string[] {
  if (indicator.kind === 'url') {
    const parts = /^(\w+):\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?(\/.*)$/.exec(indicator.value);
    if (parts === null) return [];
    return [
      `"host":${jsonString(mix, parts[2] as string)}`,
      `"uri":${jsonString(mix, parts[4] as string)}`,
      `"dst_port":${parts[3] ?? 443}`,
    ];
  }
  if (indicator.kind !== 'endpoint') return [];
  const colon = indicator.value.lastIndexOf(':');
  return [
    `"dst_ip":${jsonString(mix, indicator.value.slice(0, colon))}`,
    `"dst_port":${indicator.value.slice(colon + 1)}`,
  ];
}

/** JSON text of a string with escapes where none are needed. */
function jsonString({ random, noise }: Mix, text: string): string {
  const rate = random.chance(noise) ? random.pick([0, 0.02, 1]) : 0;
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (random.chance(rate) && random.chance(rate === 1 ? 0.9 : 1))
      out += `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
    else if (c === '/' && random.chance(0.3)) out += '\\/';
    else out += JSON.stringify(c).slice(1, -1);
  }
  return `${out}"`;
}

/** A Windows event in XML, as Sysmon for Linux writes it to syslog. */
function xmlEvent(mix: Mix): string {
  const { random } = mix;
  const data: string[] = [];
  for (let i = random.int(6); i > 0; i--) {
    const text = random.chance(0.3) ? spell(mix) : plantedText(mix);
    data.push(`<Data Name="${random.pick(FIELDS)}">${xmlText(mix, text)}</Data>`);
  }
  const header = random.chance(0.7) ? `Jan  1 10:20:30 ${random.chance(0.1) ? spell(mix) : 'host'} sysmon: ` : '';
  const system = `<System><Provider Name="Linux-Sysmon"/><EventID>1</EventID><Computer>${xmlText(mix, plantedText(mix))}</Computer></System>`;
  return `${header}<Event>${system}<EventData>${data.join('')}</EventData></Event>`;
}

/** Character data with references where none are needed. */
function xmlText({ random, noise }: Mix, text: string): string {
  const rate = random.chance(noise) ? random.pick([0, 0.02, 1]) : 0;
  return [...text]
    .map((c) => {
      const code = c.codePointAt(0) as number;
      if (random.chance(rate)) return random.pick([`&#${code};`, `&#x${code.toString(16)};`]);
      return c === '&' ? '&amp;' : c === '<' ? '&lt;' : c;
    })
    .join('');
}

/** One record without line ends. */
export function plantedRecord(mix: Mix): string {
  const { random } = mix;
  const kind = random.int(11);
  if (kind === 10) return xmlEvent(mix);
  if (kind < 6) return object(mix, 0);
  if (kind === 6)
    return Array.from({ length: 8 }, () => (random.chance(0.2) ? spell(mix) : random.pick(WORDS))).join('\t');
  if (kind === 7) return `<34>1 2026-01-01T10:20:30Z host app - - - ${plantedText(mix)}`;
  if (kind === 8)
    return `1605.123 55 10.0.0.1 TCP_MISS/200 4000 GET ${spell(mix)} - HIER_DIRECT/${spell(mix)} text/html`;
  return plantedText(mix);
}
