/** The line of JSON that is written directly is the one of the alert record that is built, whatever events and matches are like. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Event, EventObject, EventValue } from '../core/event.ts';
import type { IndicatorDetails, IndicatorKind } from '../core/indicator.ts';
import { jsonLine } from '../core/json-text.ts';
import type { Match, MatchedField, RuleDetails } from '../core/match.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import { Random } from '../testing/random.ts';
import { sampleEvent, sampleMatch, sampleRuleMatch } from '../testing/sample-alert.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { ruleKey } from './alert-id.ts';
import { buildAlert } from './build-alert.ts';
import { ECS_PLACES } from './ecs-places.ts';
import { EventTexts } from './event-texts.ts';
import { Finding } from './finding.ts';

const ROUNDS = 3000;
const NAMES = ECS_PLACES.flatMap(({ names }) => names);
const KINDS = ['domain', 'url', 'ipv4', 'ipv6', 'network', 'email', 'hash', 'file-name', 'mutex', 'endpoint'] as const;
const TEXTS = [
  '10.1.2.3',
  '::ffff:10.1.2.3',
  '2001:db8::1',
  'www.example.com',
  'https://example.com/a?b=c',
  '/index.html?x=1',
  'C:\\Windows\\System32\\cmd.exe',
  'CORP\\alice',
  'CORP\\bob\\x',
  '443',
  '0x1f4',
  '4624',
  '200',
  'GET',
  '-',
  '',
  ' ',
  'SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709,MD5=D41D8CD98F00B204E9800998ECF8427E,IMPHASH=0a',
  'd41d8cd98f00b204e9800998ecf8427e',
  'a "quoted" text',
  'line\nfeed\ttab',
  'caf\u00e9 \u4e16\u754c \u{1f600}',
  'next\u0085line \u2028 \u007f \ufeff',
  'lone \ud83d surrogate',
  'udc escape \\ud83d',
  'x'.repeat(2700),
  'x'.repeat(2731),
  '\u4e16'.repeat(3000),
];

describe('finding', () => {
  const random = new Random(20_261_121);
  const sources = Array.from({ length: 12 }, () => details(random));
  const rules = Array.from({ length: 12 }, () => rule(random));
  const lists = Array.from({ length: 8 }, () =>
    Array.from({ length: 1 + random.int(3) }, () => random.pick(sources)).sort(
      (a, b) => (b.confidence ?? -1) - (a.confidence ?? -1),
    ),
  );

  it('writes the line of the alert record', () => {
    let direct = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const event = randomEvent(random, round);
      const match = randomMatch(random, lists, rules, sources);
      const options = {
        nowMs: 1_700_000_000_000 + random.int(1e9),
        keepOriginal: random.chance(0.8),
        ...(random.chance(0.2) && { tree: tree(random) }),
      };
      const expected = jsonLine(buildAlert(match, event, options));
      const finding = new Finding(match, event, options, textsOf(random, event, options.tree));
      expect(finding.json(), `round ${round}`).toBe(expected);
      if (finding.parts() !== undefined) direct++;
      const { id, where, ruleKey: rule, alert } = finding;
      expect(id).toBe(alert.event.id);
      expect(where, `round ${round}`).toBe(
        String(alert.host?.['name'] ?? alert.source?.['ip'] ?? event.origin.source.input),
      );
      expect(rule).toBe(ruleKey(match));
    }
    // The fast way was taken, and the other as well.
    expect(direct).toBeGreaterThan(ROUNDS / 3);
    expect(direct).toBeLessThan(ROUNDS - ROUNDS / 20);
  });

  it('keeps a record of several events as it was when it was found', () => {
    const events = [sampleEvent()];
    const finding = new Finding(sampleRuleMatch({ engine: 'pattern', events }), sampleEvent(), {
      nowMs: 0,
      keepOriginal: true,
    });
    events.push(sampleEvent({}, 5));
    expect(finding.alert.flint.events).toHaveLength(1);
  });
});

describe.skipIf(!hasSharedData('events'))(`findings in real events ${sharedDataMissing('events')}`, () => {
  it.each(['attack-mix', 'zeek-apt29-day1', 'background-contiguous'])('say what their alerts say (%s)', (file) => {
    const lines = gunzipSync(readFileSync(sharedData('events', `${file}.ndjson.gz`)))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    const options = { nowMs: 0, keepOriginal: true };
    let direct = 0;
    for (const [i, line] of lines.entries()) {
      const match = i % 2 === 0 ? sampleRuleMatch() : sampleMatch();
      const event = { ...sampleEvent(JSON.parse(line) as EventObject, i), original: line };
      const finding = new Finding(match, event, options);
      if (finding.parts() === undefined) continue;
      direct++;
      expect(finding.json(), line).toBe(jsonLine(buildAlert(match, event, options)));
    }
    expect(direct).toBeGreaterThan(0.9 * lines.length);
  });
});

/** With the record as bytes at times, which may be gone when they are asked for. */
function textsOf(random: Random, event: Event, tree?: ProcessTree): EventTexts {
  if (!/^[ -~]*$/.test(event.original) || random.chance(0.5)) return new EventTexts(event, tree);
  const bytes = random.chance(0.8) ? Buffer.from(JSON.stringify(event.original)) : undefined;
  return new EventTexts(event, tree, { bytes });
}

function randomEvent(random: Random, position: number): Event {
  const fields: Record<string, EventValue> = {};
  for (let i = random.int(14); i > 0; i--) {
    const name = random.chance(0.9) ? random.pick(NAMES) : random.pick(['Hashes', 'DOMAIN', 'TargetUserName', 'a\nb']);
    place(fields, random.chance(0.5) ? name.split('.') : [name], value(random), random);
  }
  const original = random.chance(0.98) ? JSON.stringify(fields) : random.pick(TEXTS).repeat(5);
  const event = sampleEvent(fields, position);
  const origin = { ...event.origin, line: random.int(3), part: random.int(2), record: random.int(1e6) };
  const container = random.pick(['winlog.event_data', 'Event.EventData', 'EventData', 'event_data']).split('.');
  if (random.chance(0.3)) place(fields, container, { Image: random.pick(TEXTS), User: random.pick(TEXTS) }, random);
  return { ...event, original, timeMs: random.int(2e12) + random.next(), origin };
}

function place(fields: Record<string, EventValue>, path: readonly string[], item: EventValue, random: Random): void {
  let object = fields;
  for (const segment of path.slice(0, -1)) {
    const below = object[segment];
    const next = typeof below === 'object' && below !== null && !Array.isArray(below) ? below : {};
    object[segment] = next;
    object = next as Record<string, EventValue>;
  }
  object[path.at(-1) ?? ''] = random.chance(0.05) ? [item, random.pick(TEXTS)] : item;
}

function value(random: Random): EventValue {
  if (random.chance(0.15)) return random.int(70_000);
  return random.chance(0.05) ? random.pick([null, true, 1.5, -7, 1e21]) : random.pick(TEXTS);
}

function details(random: Random): IndicatorDetails {
  return {
    id: `indicator--${random.int(1e9)}`,
    name: random.pick(TEXTS),
    provider: random.pick(['feed', 'caf\u00e9', 'a "b"']),
    ...(random.chance(0.5) && { confidence: random.int(101) }),
    ...(random.chance(0.4) && { tlp: random.pick(['clear', 'amber+strict'] as const) }),
    ...(random.chance(0.4) && { description: random.pick(TEXTS) }),
    ...(random.chance(0.4) && { types: ['malicious-activity', random.pick(TEXTS)] }),
    ...(random.chance(0.3) && { killChain: [{ chain: 'mitre-attack', phase: 'command-and-control' }] }),
    ...(random.chance(0.3) && { references: ['https://example.org/r', 'https://example.org/s'] }),
    ...(random.chance(0.3) && { validFromMs: random.int(2e12), modifiedMs: random.int(2e12) }),
    ...(random.chance(0.3) && { library: 'threat', ordinal: random.int(50), pattern: random.pick(TEXTS) }),
  };
}

function rule(random: Random): RuleDetails {
  return {
    id: `rule-${random.int(1e9)}`,
    name: random.pick(TEXTS),
    ...(random.chance(0.7) && { level: random.pick(['low', 'high', 'critical'] as const) }),
    ...(random.chance(0.5) && { author: random.pick(TEXTS), license: 'DRL' }),
    ...(random.chance(0.5) && { description: random.pick(TEXTS), references: ['https://example.org/r'] }),
    ...(random.chance(0.6) && { tags: ['attack.t1059.001', 'attack.execution', 'cve.2021-1', random.pick(TEXTS)] }),
  };
}

function matched(random: Random): MatchedField[] {
  return Array.from({ length: random.chance(0.02) ? 120 : random.int(4) }, () => ({
    field: random.pick(['url.full', 'a "b"', '']),
    value: random.pick(TEXTS),
    item: random.pick(TEXTS),
    how: random.pick(['exact', 'subdomain in url-host']),
  }));
}

function randomMatch(
  random: Random,
  lists: readonly IndicatorDetails[][],
  rules: readonly RuleDetails[],
  sources: readonly IndicatorDetails[],
): Match {
  const validity = random.pick(['before', 'within', 'after'] as const);
  if (random.chance(0.5)) {
    const kind: IndicatorKind = random.pick(KINDS);
    const text = random.pick([
      'evil.example',
      '10.1.2.3',
      '10.1.2.3:443',
      '2001:db8::1',
      'd41d8cd98f00b204e9800998ecf8427e',
    ]);
    return sampleMatch({ kind, value: text, sources: random.pick(lists), matched: matched(random), validity });
  }
  return sampleRuleMatch({
    engine: random.pick(['sigma', 'pattern', 'flux', 'correlation'] as const),
    rule: random.pick(rules),
    matched: matched(random),
    ...(random.chance(0.1) && { validity }),
    ...(random.chance(0.1) && { indicator: random.pick(sources) }),
    ...(random.chance(0.2) && { events: manyEvents(random), count: random.int(200) }),
    ...(random.chance(0.15) && { group: { [random.pick(TEXTS)]: random.pick(TEXTS), host: random.pick(TEXTS) } }),
    ...(random.chance(0.05) && { unconfirmed: true as const }),
    ...(random.chance(0.05) && { withdrawn: true as const }),
  });
}

/** More than an alert shows, at times; some are no longer kept. */
function manyEvents(random: Random): Event[] {
  return Array.from({ length: random.chance(0.05) ? 120 : random.int(5) }, (_, i) => {
    const event = sampleEvent({}, random.int(20));
    const source = { ...event.origin.source, id: random.chance(0.95) ? 'file-1' : random.pick(TEXTS) };
    const original = random.chance(0.9) ? JSON.stringify({ i, text: random.pick(TEXTS) }) : random.pick(TEXTS);
    return { ...event, original, timeMs: random.int(2e12) + random.next(), origin: { ...event.origin, source } };
  });
}

function tree(random: Random): ProcessTree {
  const process = () => ({
    pid: random.pick(['1', '500', 'x']),
    ...(random.chance(0.7) && { executable: random.pick(TEXTS) }),
    ...(random.chance(0.5) && { command_line: random.pick(TEXTS), user: random.pick(TEXTS) }),
    ...(random.chance(0.3) && { guid: '{1}', start: '2024-01-01T00:00:00.000Z' }),
  });
  const ancestors = Array.from({ length: random.int(20) }, process);
  return { ...(random.chance(0.5) && { own: process() }), ancestors, complete: random.chance(0.5) };
}
