/** Seeded HTTP log records (NDJSON) of about 570 bytes, hosts by a steep popularity curve, and indicators planted in some of them. */
import type { Random } from '../src/testing/random.ts';

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0',
  'curl/7.88.1',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1',
];
const SUBDOMAINS = ['www.', 'api.', 'cdn.', '', 'static.', 'img.', 'login.', 'mail.'];
const WORDS =
  'home index user profile static assets main bundle image photo video search query login account item cart news article page list detail api v1 v2 data json feed'.split(
    ' ',
  );

export interface PlantedValue {
  readonly kind: string;
  readonly value: string;
}

export interface HttpRecords {
  readonly bytes: Buffer;
  readonly texts: readonly string[];
  /** Line number and planted value. */
  readonly planted: readonly (readonly [line: number, value: PlantedValue])[];
}

/** At least `size` bytes of records; each holds one of `values` with probability `rate`. */
export function httpRecords(
  random: Random,
  size: number,
  hosts: readonly string[],
  values: readonly PlantedValue[],
  rate: number,
  firstLine = 0,
): HttpRecords {
  const texts: string[] = [];
  const planted: (readonly [number, PlantedValue])[] = [];
  for (let length = 0; length < size; ) {
    const value = values.length > 0 && random.chance(rate) ? random.pick(values) : undefined;
    if (value !== undefined) planted.push([texts.length, value]);
    const text = record(random, firstLine + texts.length, hosts, value);
    texts.push(text);
    length += text.length + 1;
  }
  return { bytes: Buffer.from(`${texts.join('\n')}\n`), texts, planted };
}

function record(random: Random, line: number, hosts: readonly string[], value: PlantedValue | undefined): string {
  const host = hostOf(random, hosts);
  const address = value?.kind === 'ipv4' || value?.kind === 'ipv6' ? value.value : publicAddress(random);
  const name = value?.kind === 'domain' ? value.value : host;
  const url = value?.kind === 'url' ? value.value : `https://${name}${path(random)}`;
  return JSON.stringify({
    '@timestamp': new Date(1_700_000_000_000 + line * 37).toISOString(),
    uid: `C${random.text('abcdefghijklmnopqrstuvwxyz0123456789', 10, 12)}`,
    event: { category: 'web', action: 'http-request' },
    source: { ip: `10.${random.int(256)}.${random.int(256)}.${random.int(256)}`, port: 1024 + random.int(60_000) },
    destination: { ip: address, port: 443 },
    http: {
      request: { method: 'GET', referrer: `https://${hostOf(random, hosts)}${path(random)}` },
      response: { status_code: 200, bytes: random.int(100_000) },
    },
    url: { full: url, domain: name },
    user_agent: { original: random.pick(AGENTS) },
    ...(value?.kind === 'hash' ? { file: { hash: { sha256: value.value } } } : {}),
    ...(value?.kind === 'email' ? { user: { email: value.value } } : {}),
  });
}

function hostOf(random: Random, hosts: readonly string[]): string {
  return random.pick(SUBDOMAINS) + hosts[Math.floor(random.next() ** 3 * hosts.length)];
}

function publicAddress(random: Random): string {
  return `${11 + random.int(180)}.${random.int(256)}.${random.int(256)}.${1 + random.int(254)}`;
}

function path(random: Random): string {
  let text = '';
  for (let i = 1 + random.int(4); i > 0; i--)
    text += `/${random.pick(WORDS)}${random.chance(0.3) ? `-${random.int(100_000)}` : ''}`;
  if (random.chance(0.5)) text += random.pick(['.html', '.js', '.css', '.php', '.png']);
  if (random.chance(0.4))
    text += `?id=${random.int(10_000_000)}&q=${random.pick(WORDS)}${random.chance(0.2) ? '%20' : ''}${random.pick(WORDS)}`;
  return text;
}
