/**
 * Seeded data for `flint bench` and the programs in bench/: HTTP records of the shape of STIX Spark's sample event, and a realistic
 * mix of indicators. The same seed gives the same bytes on every machine. Planted values stand as whole values of fields, so
 * that even a plain Map finds them and all ways of searching can be held to one count.
 */
import type { IndicatorKind } from '../../core/indicator.ts';

export interface PlantedValue {
  readonly kind: IndicatorKind;
  readonly value: string;
}

export interface RecordOptions {
  readonly seed: number;
  readonly count: number;
  /** Every so many records one holds a planted value; 0: none. */
  readonly plantEvery: number;
  readonly plant: readonly PlantedValue[];
}

export interface GeneratedRecords {
  readonly bytes: Buffer;
  readonly planted: number;
}

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0',
  'curl/8.5.0',
];
const WORDS = [
  'static',
  'images',
  'api',
  'v1',
  'users',
  'search',
  'assets',
  'login',
  'products',
  'news',
  'cart',
  'cdn',
];
const NAMES = [
  'able',
  'north',
  'river',
  'plumbing',
  'data',
  'cloud',
  'market',
  'garden',
  'media',
  'trade',
  'home',
  'green',
];
const TOPS = ['com', 'net', 'org', 'co.uk', 'de', 'info', 'io', 'jp'];
const HEX = '0123456789abcdef';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function generateRecords({ seed, count, plantEvery, plant }: RecordOptions): GeneratedRecords {
  const random = seeded(seed);
  const chunks: Buffer[] = [];
  let planted = 0;
  let lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const value = plantEvery > 0 && i % plantEvery === plantEvery - 1 ? plant[planted % plant.length] : undefined;
    if (value !== undefined) planted++;
    lines.push(JSON.stringify(record(random, i, value)));
    if (lines.length === 10_000 || i === count - 1) {
      chunks.push(Buffer.from(`${lines.join('\n')}\n`));
      lines = [];
    }
  }
  return { bytes: Buffer.concat(chunks), planted };
}

function record(random: Random, index: number, planted: PlantedValue | undefined): Record<string, string> {
  const domain = planted?.kind === 'domain' ? planted.value : `${name(random)}.${pick(random, TOPS)}`;
  const target = `/${pick(random, WORDS)}/${pick(random, WORDS)}/${text(random, LETTERS, 12)}?id=${int(random, 1e6)}`;
  return {
    BEGIN_TIME: new Date(1_718_204_400_000 + index * 10).toISOString().slice(0, 19).replace('T', ' '),
    SRC_IP: `192.168.${int(random, 256)}.${1 + int(random, 254)}`,
    DST_IP: planted?.kind === 'ipv4' ? planted.value : address(random),
    FORWARD: address(random),
    RETCODE: pick(random, ['200', '200', '200', '304', '404', '500']),
    SRC_PORT: String(1024 + int(random, 64_000)),
    DST_PORT: pick(random, ['80', '443', '8080']),
    REQ_HEADER: `Accept: */*; User-Agent: ${pick(random, AGENTS)}; Cookie: sid=${text(random, LETTERS, 24)}`,
    REQ_BODY: planted?.kind === 'hash' ? planted.value : text(random, LETTERS, 16),
    RSP_HEADER: 'HTTP/1.1 200 OK; Content-Type: text/html',
    RSP_BODY: '',
    URL: planted?.kind === 'url' ? planted.value : target,
    METHOD: pick(random, ['GET', 'GET', 'GET', 'POST']),
    L7_PROTOCOL: 'http',
    message: 'access',
    DOMAIN: domain,
    host: `sensor-${int(random, 8)}`,
  };
}

/** 40 % domains, 26 % URLs, 18 % addresses, 16 % hashes: the mix of published sets. All names end in `.example`. */
export function generateIndicators(seed: number, count: number): PlantedValue[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i): PlantedValue => {
    const share = random();
    // The number makes each value distinct.
    const domain = `${name(random)}-${i.toString(36)}.example`;
    if (share < 0.4) return { kind: 'domain', value: domain };
    if (share < 0.66) return { kind: 'url', value: `http://${domain}/${text(random, LETTERS, 8)}` };
    if (share < 0.84)
      return { kind: 'ipv4', value: `${11 + (i % 89)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` };
    return { kind: 'hash', value: text(random, HEX, 64) };
  });
}

type Random = () => number;

/** Mulberry32: 0 inclusive to 1 exclusive. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function int(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[int(random, items.length)] as T;
}

function text(random: Random, alphabet: string, length: number): string {
  let made = '';
  for (let i = 0; i < length; i++) made += alphabet[int(random, alphabet.length)];
  return made;
}

function name(random: Random): string {
  return `${pick(random, NAMES)}-${pick(random, NAMES)}${int(random, 1000)}`;
}

/** Public, and outside the range of generated indicators. */
function address(random: Random): string {
  return `${101 + int(random, 20)}.${int(random, 256)}.${int(random, 256)}.${1 + int(random, 254)}`;
}
