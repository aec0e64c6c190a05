/**
 * Random STIX patterns and observed data over one small vocabulary, so that both answers are frequent: for tests that hold the executor to the
 * matcher of OASIS. Data is 2.1 (bundles of observed-data with object_refs): values of other types where one is expected, references (also broken
 * ones), nested lists, bytes, time stamps of several precisions, intervals and repeated observations. Left out is where that matcher departs from the text of
 * the standard, as the vectors in `conformance/stix/` show: NOT before an ordering, booleans and bytes in sets, line feeds under LIKE and MATCHES,
 * classes such as \\w beyond ASCII.
 */
import type { Random } from './random.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const TEXTS = ['a', 'A', 'ab', 'a.exe', 'evil.exe', '', 'é', 'e\u0301', '\u{1f600}', '\ufb01', '%', "o'b\\c", 'x_y'];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.1.0/24', '192.0.2.7', '198.51.100.0/31'];
const NUMBERS = [0, 1, -1, 5, 5.0, 1.5, 80, 443, 1e6, -0.5];
const HEX = ['', '00', '61', '4d5a', 'ff', '6162', 'c3a9'];
const TIMES = [
  '2024-03-01T10:00:00Z',
  '2024-03-01T10:00:00.000Z',
  '2024-03-01T10:00:00.5Z',
  '2024-03-01T10:00:00.500Z',
  '2024-03-01T10:00:00.500001Z',
  '2024-03-01T10:00:01Z',
  '2024-02-29T23:59:59.999999Z',
];
const METHODS = ['get', 'post'];

/** Paths with what their values usually are. */
const PATHS: readonly (readonly [string, Kind])[] = [
  ['file:name', 'text'],
  ['file:size', 'number'],
  ['file:hashes.MD5', 'text'],
  ["file:hashes.'SHA-256'", 'text'],
  ['file:magic_number_hex', 'bytes'],
  ['file:mtime', 'time'],
  ['file:parent_directory_ref.path', 'text'],
  ["file:extensions.'windows-pebinary-ext'.sections[*].entropy", 'number'],
  ["file:extensions.'windows-pebinary-ext'.sections[0].name", 'text'],
  ["file:extensions.'windows-pebinary-ext'.sections[1].size", 'number'],
  ['file:contains_refs[*].name', 'text'],
  ['file:contains_refs[0].size', 'number'],
  ['file:content_ref.payload_bin', 'bytes'],
  ['file:content_ref', 'text'],
  ['artifact:payload_bin', 'bytes'],
  ['artifact:mime_type', 'text'],
  ['ipv4-addr:value', 'address'],
  ['ipv4-addr:id', 'text'],
  ['network-traffic:src_ref.value', 'address'],
  ['network-traffic:dst_ref.value', 'address'],
  ['network-traffic:dst_ref.type', 'type'],
  ['network-traffic:dst_port', 'number'],
  ['network-traffic:protocols[*]', 'text'],
  ['network-traffic:protocols[1]', 'text'],
  ['network-traffic:start', 'time'],
  ["network-traffic:extensions.'http-request-ext'.request_method", 'text'],
  ["network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", 'text'],
  ['process:is_hidden', 'boolean'],
  ['process:pid', 'number'],
  ['process:command_line', 'text'],
  ['process:environment_variables.A', 'text'],
  ["process:'environment_variables'.'A'", 'text'],
  ['process:child_refs[*].pid', 'number'],
  ['process:created_time', 'time'],
  ['process:opened_connection_refs[*].dst_port', 'number'],
  ['process:opened_connection_refs[*].dst_ref.value', 'address'],
  ['x-thing:any', 'any'],
  ['x-thing:list[*]', 'any'],
  ['x-thing:list[1]', 'any'],
  ['x-thing:deep[*].list[*]', 'any'],
  ['x-thing:deep[0].list[2]', 'any'],
  ['x-thing:deep[*][*]', 'any'],
  ['x-thing:map.any', 'any'],
  ['x-thing:map[*]', 'any'],
  ['x-thing:any_hex', 'bytes'],
  ['x-thing:any_bin', 'bytes'],
];

type Kind = 'text' | 'number' | 'bytes' | 'time' | 'address' | 'type' | 'boolean' | 'any';
const KINDS: readonly Exclude<Kind, 'any'>[] = ['text', 'number', 'bytes', 'time', 'address', 'boolean'];
const START = Date.UTC(2024, 2, 1, 10);

/** A fixture as `flint pattern test` takes it: bundles, each with observed-data and its objects. */
export function randomObservations(random: Random): readonly Json[] {
  let ids = 0;
  return Array.from({ length: 1 + random.int(5) }, () => {
    const objects: { [key: string]: Json }[] = [];
    const add = (type: string, properties: { readonly [key: string]: Json | undefined }): string => {
      const id = `${type}--00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`;
      const given = Object.entries(properties).filter(([, value]) => value !== undefined && !random.chance(0.2));
      objects.push({ ...Object.fromEntries(given as [string, Json][]), type, id });
      return id;
    };
    for (let left = 2 + random.int(5); left > 0; left--) addObject(random, add);
    const first = START + 500 * random.int(40);
    const last = random.chance(0.7) ? first : first + 500 * random.int(12);
    const observed = {
      ...{ type: 'observed-data', spec_version: '2.1', number_observed: random.chance(0.8) ? 1 : 1 + random.int(3) },
      id: `observed-data--00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
      first_observed: time(first, random),
      last_observed: time(last, random),
      object_refs: objects.map(({ id }) => id as string),
    };
    return {
      type: 'bundle',
      id: `bundle--00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
      objects: [observed, ...objects],
    };
  });
}

type Add = (type: string, properties: { readonly [key: string]: Json | undefined }) => string;

function addObject(random: Random, add: Add): void {
  const text = (): Json => (random.chance(0.1) ? anything(random, 1) : random.pick(TEXTS));
  const number = (): Json => (random.chance(0.1) ? anything(random, 1) : random.pick(NUMBERS));
  const stamp = (): string => random.pick(TIMES);
  const broken = (id: string): string => (random.chance(0.1) ? 'file--ffffffff-0000-4000-8000-000000000000' : id);
  const artifact = (): string => add('artifact', { payload_bin: base64(random.pick(HEX)), mime_type: text() });
  const address = (): string => add('ipv4-addr', { value: random.pick(ADDRESSES) });
  const traffic = (): string =>
    add('network-traffic', {
      ...{ src_ref: broken(address()), dst_ref: broken(address()), dst_port: number(), start: stamp() },
      protocols: Array.from({ length: random.int(4) }, text),
      extensions: {
        'http-request-ext': { request_method: random.pick(METHODS), request_header: { 'User-Agent': text() } },
      },
    });
  const file = (): string =>
    add('file', {
      ...{ name: text(), size: number(), magic_number_hex: random.pick(HEX), mtime: stamp() },
      hashes: { MD5: text(), 'SHA-256': text() },
      parent_directory_ref: broken(add('directory', { path: text() })),
      content_ref: broken(artifact()),
      contains_refs: Array.from({ length: random.int(3) }, () => broken(add('file', { name: text(), size: number() }))),
      extensions: {
        'windows-pebinary-ext': {
          sections: Array.from({ length: random.int(3) }, () => ({ name: text(), size: number(), entropy: number() })),
        },
      },
    });
  const process = (): string =>
    add('process', {
      ...{ is_hidden: random.chance(0.5), pid: number(), command_line: text(), created_time: stamp() },
      environment_variables: { A: text() },
      child_refs: Array.from({ length: random.int(3) }, () => broken(add('process', { pid: number() }))),
      opened_connection_refs: Array.from({ length: random.int(2) }, () => broken(traffic())),
    });
  const thing = (): string =>
    add('x-thing', {
      ...{ any: anything(random, 2), map: { any: anything(random, 1) } },
      list: Array.from({ length: random.int(4) }, () => anything(random, 1)),
      deep: Array.from({ length: random.int(3) }, () =>
        random.chance(0.3) ? [anything(random, 1)] : { list: [anything(random, 1), anything(random, 1), 1] },
      ),
      any_hex: random.pick(HEX),
      any_bin: base64(random.pick(HEX)),
    });
  random.pick([artifact, address, traffic, file, process, thing])();
}

function anything(random: Random, depth: number): Json {
  const kind = random.int(depth > 0 ? 8 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick(NUMBERS);
  if (kind === 3) return random.pick(TIMES);
  if (kind < 6) return random.pick(TEXTS);
  return kind === 6 ? [anything(random, depth - 1)] : { any: anything(random, depth - 1) };
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function time(ms: number, random: Random): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') && random.chance(0.5) ? `${text.slice(0, -5)}Z` : text;
}

export function randomPattern(random: Random): string {
  return observations(random, 3);
}

function observations(random: Random, depth: number): string {
  const kind = depth === 0 ? 0 : random.int(8);
  if (kind < 3) return `[${comparisons(random, 2)}]`;
  if (kind < 6) {
    const operator = random.pick(['AND', 'OR', 'FOLLOWEDBY']);
    const items = Array.from({ length: random.chance(0.8) ? 2 : 3 }, () => observations(random, depth - 1));
    // Without parentheses as well: which binds tighter is part of the language.
    return random.chance(0.5) ? `(${items.join(` ${operator} `)})` : items.join(` ${operator} `);
  }
  const inner = observations(random, depth - 1);
  return `${random.chance(0.7) ? `(${inner})` : inner} ${qualifier(random)}`;
}

function qualifier(random: Random): string {
  const kind = random.int(3);
  if (kind === 0) return `WITHIN ${random.pick(['1', '0.5', '2.5', '5', '10', '60', '0.001'])} SECONDS`;
  if (kind === 1) return `REPEATS ${1 + random.int(4)} TIMES`;
  const [from, to] = [START + 500 * random.int(40), START + 500 * random.int(60)];
  return `START t'${time(from, random)}' STOP t'${time(to, random)}'`;
}

function comparisons(random: Random, depth: number): string {
  if (depth > 0 && random.chance(0.4)) {
    const operator = random.pick(['AND', 'OR']);
    const items = Array.from({ length: 2 + random.int(2) }, () => comparisons(random, depth - 1));
    const text = items.join(` ${operator} `);
    return random.chance(0.6) ? `(${text})` : text;
  }
  return comparison(random);
}

function comparison(random: Random): string {
  const [path, usual] = random.pick(PATHS);
  const kind = usual === 'any' || random.chance(0.12) ? random.pick(KINDS) : usual;
  const not = random.chance(0.2) ? 'NOT ' : '';
  const literal = (): string => literalOf(random, kind);
  const form = random.int(10);
  if (form < 4) return `${path} ${not}${random.pick(['=', '!=', '==', '<>'])} ${literal()}`;
  if (form < 6 && kind !== 'boolean') return `${path} ${random.pick(['<', '<=', '>', '>='])} ${literal()}`;
  if (form < 7 && kind !== 'boolean' && kind !== 'bytes')
    return `${path} ${not}IN (${Array.from({ length: random.int(4) }, literal).join(', ')})`;
  if (kind === 'address' && form < 9)
    return `${path} ${not}${random.pick(['ISSUBSET', 'ISSUPERSET'])} '${random.pick(['10.0.0.0/8', '10.0.0.0/31', '10.0.0.1/32', '10.0.1.128/25', '192.0.2.7/30'])}'`;
  if (kind === 'text' || kind === 'address' || kind === 'type' || kind === 'bytes')
    return random.chance(0.5)
      ? `${path} ${not}LIKE '${random.pick(['%', 'a%', '%.exe', '_', '__', 'a', '%\\\\%', '10.0.%', 'ipv4%', '%_%', 'é', 'e\u0301', '%\u{1f600}', '4%'])}'`
      : `${path} ${not}MATCHES '${random.pick(['^a', 'exe$', '.', '^$', 'a|b', '[a-z]+\\\\.exe', '^10\\\\.', '(?i)^A', 'é', '^.$', '\\\\x4d', 'M', '\\\\.'])}'`;
  return `${path} ${not}= ${literal()}`;
}

function literalOf(random: Random, kind: Exclude<Kind, 'any'>): string {
  const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
  switch (kind) {
    case 'text':
      return quoted(random.pick(TEXTS));
    case 'type':
      return quoted(random.pick(['ipv4-addr', 'domain-name']));
    case 'address':
      return quoted(random.pick(ADDRESSES));
    case 'number': {
      const number = random.pick(NUMBERS);
      return Number.isInteger(number) && random.chance(0.3) ? `${number}.0` : String(number);
    }
    case 'boolean':
      return String(random.chance(0.5));
    case 'time':
      return `t'${random.pick(TIMES)}'`;
    case 'bytes': {
      const hex = random.pick(HEX);
      return random.chance(0.5)
        ? `h'${random.chance(0.5) ? hex.toUpperCase() : hex}'`
        : hex === ''
          ? "h''"
          : `b'${base64(hex)}'`;
    }
  }
}
