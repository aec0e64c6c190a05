/**
 * The samples that come with the program: every indicator loads, every listed line raises exactly what `samples/expectations.json`
 * says, every other line raises nothing. Decided here by the reference matcher; the engine is held to the same file.
 */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FeedReport } from '../src/core/feed.ts';
import type { Indicator } from '../src/core/indicator.ts';
import { IndicatorTableBuilder } from '../src/core/indicator-table-builder.ts';
import { canonicalDomain } from '../src/core/domain-name.ts';
import { canonicalIp } from '../src/core/ip-address.ts';
import { jsonDecoder } from '../src/decode/json.ts';
import { textDecoder } from '../src/decode/text.ts';
import { observe } from '../src/fields/observables.ts';
import { IndicatorOracle } from '../src/match/indicator-oracle.ts';
import { MarkingDefinitions } from '../src/rules/stix/markings.ts';
import { NameOrdinals } from '../src/rules/stix/name-ordinals.ts';
import { StixLoader } from '../src/rules/stix/stix-loader.ts';
import { VersionIndex } from '../src/rules/stix/version-index.ts';

interface Expectation {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly why: string;
  readonly expects: readonly { readonly name: string; readonly kind: string; readonly value: string }[];
}

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url));
const LIMITS = { maxDepth: 64 };
const expectations = (JSON.parse(read('expectations.json')) as { records: Expectation[] }).records;
const logs = [...readdirSync(`${SAMPLES}logs`).map((name) => `logs/${name}`), 'stix-spark/test-stix.json'];
const { indicators, report } = loadIndicators();
const oracle = new IndicatorOracle(indicators);

describe('sample intelligence', () => {
  it('loads whole: nothing bad, nothing deferred, one indicator revoked', () => {
    const { bad, deferred, kinds } = report.statistics();
    expect({ bad, deferred }).toEqual({ bad: 0, deferred: {} });
    expect(Object.keys(kinds).sort()).toEqual([
      ...['domain', 'email', 'endpoint', 'file-name', 'hash', 'ipv4', 'ipv6', 'mutex', 'network', 'registry-key'],
      ...['text', 'url', 'user-agent'],
    ]);
    expect(indicators.map((one) => one.value)).not.toContain('retired.update-check.example');
  });

  it('is hit by a sample line, each value of it', () => {
    const expected = new Set(
      expectations.flatMap((one) => one.expects.map(({ kind, value }) => `${kind} ${value.toLowerCase()}`)),
    );
    const loaded = new Set(indicators.map(({ kind, value }) => `${kind} ${value.toLowerCase()}`));
    expect(expected).toEqual(loaded);
  });
});

describe.each(logs)('%s', (file) => {
  it('raises what is expected and nothing else', () => {
    const found = lines(file).flatMap((line, i) => {
      const hits = matches(line);
      return hits.length === 0 ? [] : [{ line: i + 1, hits }];
    });
    const expected = expectations
      .filter((one) => one.file === file && one.expects.length > 0)
      .map(({ line, expects }) => ({
        line,
        hits: expects.map(({ kind, value }) => `${kind} ${value.toLowerCase()}`).sort(),
      }));
    expect(found).toEqual(expected);
  });

  it('names nothing that could be real', () => {
    for (const line of lines(file)) {
      for (const { kind, value } of eventsOf(line).flatMap((event) => observe(event).observables)) {
        if (kind === 'ipv4' || kind === 'ipv6') expect(isReservedAddress(value), value).toBe(true);
        if (kind === 'domain' && isHostName(value)) expect(value).toMatch(/(^|\.)(example|example\.(com|net|org))$/);
      }
    }
  });
});

function read(name: string): string {
  return readFileSync(`${SAMPLES}${name}`, 'utf8');
}

function lines(file: string): string[] {
  return read(file).trimEnd().split('\n');
}

function loadIndicators(): { indicators: Indicator[]; report: FeedReport } {
  const target = {
    indicators: new IndicatorTableBuilder(),
    benign: new IndicatorTableBuilder(),
    versions: new VersionIndex(),
    markings: new MarkingDefinitions(),
    ordinals: new NameOrdinals(),
    deferred: [],
    sigma: [],
  };
  const sampleReport = new FeedReport();
  for (const library of ['threat', 'mining']) {
    const file = `intel/${library}.stix.json`;
    const loader = new StixLoader(target, {
      indicatorsFeed: target.indicators.addFeed(file),
      benignFeed: target.benign.addFeed(file),
      policy: { provider: file, role: 'indicators' },
      report: sampleReport,
      file,
    });
    loader.push(readFileSync(`${SAMPLES}${file}`));
    expect(loader.end()).toBeUndefined();
  }
  const table = target.indicators.finish();
  const fromStix = Array.from({ length: table.size }, (_, row) => table.get(row)).filter(
    (one) => one.details.id !== '',
  );
  return { indicators: [...fromStix, ...blocklist()], report: sampleReport };
}

/** Names with everything below them, as plain lists are read. */
function blocklist(): Indicator[] {
  const names = lines('intel/blocklist.txt').filter((line) => !line.startsWith('#'));
  return names.map((name) => ({
    kind: 'domain',
    value: canonicalDomain(name) ?? name,
    semantics: 'subdomain',
    details: { id: name, name: 'blocklist.txt', provider: 'blocklist.txt' },
  }));
}

function eventsOf(line: string) {
  const bytes = Buffer.from(line);
  const decoder = jsonDecoder.recognises(bytes, 0, bytes.length) ? jsonDecoder : textDecoder;
  const source = { input: 'samples', path: 'samples', id: 'samples', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 0 };
  return decoder.decode(bytes, 0, bytes.length, LIMITS).events.map((fields) => ({
    fields,
    original: line,
    format: decoder.name,
    timeMs: 0,
    timeOrigin: 'field' as const,
    origin,
  }));
}

function matches(line: string): string[] {
  const hits = eventsOf(line).flatMap((event) => oracle.match(observe(event)));
  return [...new Set(hits.map(({ indicator }) => `${indicator.kind} ${indicator.value.toLowerCase()}`))].sort();
}

function isReservedAddress(address: string): boolean {
  const canonical = canonicalIp(address) ?? '';
  return (
    ['192.0.2.', '198.51.100.', '203.0.113.'].some((prefix) => canonical.startsWith(prefix)) ||
    canonical.startsWith('2001:db8:')
  );
}

/** File names and versions look like names too; host names here have a top level of letters known from the samples. */
function isHostName(name: string): boolean {
  return /\.(com|net|org|example|io|info|biz|cc)$/.test(name);
}

describe('the STIX Spark sample', () => {
  it('has the keys of the original, all values text', () => {
    const event = JSON.parse(read('stix-spark/test-stix.json')) as Record<string, unknown>;
    expect(Object.keys(event)).toEqual([
      ...['BEGIN_TIME', 'SRC_IP', 'SRC_PORT', 'DST_IP', 'DST_PORT', 'FORWARD', 'RETCODE', 'METHOD', 'L7_PROTOCOL'],
      ...['URL', 'DOMAIN', 'message'],
    ]);
    expect(Object.values(event).every((value) => typeof value === 'string')).toBe(true);
  });

  it('is sent as one datagram by the script', async () => {
    const socket = createSocket('udp4');
    const received = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const script = `${SAMPLES}stix-spark/send-sample.mjs`;
    const result = promisify(execFile)(process.execPath, [script, `127.0.0.1:${socket.address().port}`, '1']);
    expect((await received).toString()).toBe(read('stix-spark/test-stix.json'));
    expect((await result).stdout).toContain('1 sent');
    socket.close();
  });
});

it('the README lists what each line raises', () => {
  const rows = [...read('README.md').matchAll(/^\| `([^`]+)` \| (\d+) \| (.*?) \| .* \|$/gm)];
  const listed = rows.map(([, file = '', line, raises = '']) => ({
    place: `${logs.includes(`logs/${file}`) ? `logs/${file}` : file}:${line}`,
    raises: raises === 'nothing' ? [] : raises.split('<br>'),
  }));
  const expected = expectations.map(({ file, line, expects }) => ({
    place: `${file}:${line}`,
    raises: expects.map(({ name, kind }) => `${name} (${kind})`),
  }));
  expect(listed).toEqual(expected);
});
