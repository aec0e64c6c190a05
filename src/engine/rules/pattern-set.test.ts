import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Event, EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { EventObjects } from '../../fields/stix/event-objects.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { printTest } from '../../rules/pattern/print.ts';
import type { ComparisonOperator, PathStep } from '../../rules/pattern/ast.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import type { PatternInput } from './compiled-pattern.ts';
import { joinLayers } from './pattern-layer.ts';
import { compilePatterns, PatternSet, type PatternSetOptions } from './pattern-set.ts';

const SOURCE = { input: 'test', path: 'test', id: 'test', replayable: true, timezone: 'Z' };

function event(fields: EventObject, second = 0): Event {
  return {
    fields,
    original: JSON.stringify(fields),
    format: 'json',
    timeMs: Date.UTC(2024, 2, 1) + second * 1_000,
    timeOrigin: 'field',
    origin: { source: SOURCE, position: second, line: 1, record: 0, part: 0, arrivalMs: 0 },
  };
}

function input(pattern: string, i = 0): PatternInput {
  return { pattern, details: { id: `indicator--${i}`, name: `pattern ${i}` } };
}

function load(patterns: readonly string[], options?: PatternSetOptions) {
  return compilePatterns(patterns.map(input), options);
}

function sysmon(data: EventObject, second = 0): Event {
  return event({ Channel: 'Microsoft-Windows-Sysmon/Operational', Hostname: 'Pedro01', EventID: 1, ...data }, second);
}

const CMD = sysmon({
  Image: 'C:\\Windows\\System32\\cmd.exe',
  CommandLine: 'cmd /c whoami',
  ParentImage: 'C:\\Windows\\explorer.exe',
});

describe('pattern set', () => {
  it('matches patterns on the observables of an event and says with what', () => {
    const { set, problems } = load([
      "[process:command_line LIKE '%whoami' AND process:parent_ref.image_ref.name = 'EXPLORER.EXE']",
      "[process:command_line LIKE '%whoami' AND process:parent_ref.image_ref.name = 'winword.exe']",
    ]);
    expect(problems).toEqual([]);
    expect(set.match(CMD)).toEqual([
      {
        engine: 'pattern',
        rule: { id: 'indicator--0', name: 'pattern 0' },
        matched: [
          {
            field: 'process:command_line',
            value: 'cmd /c whoami',
            item: "process:command_line LIKE '%whoami'",
            how: 'pattern',
          },
          {
            field: 'process:parent_ref.image_ref.name',
            value: 'explorer.exe',
            item: "process:parent_ref.image_ref.name = 'EXPLORER.EXE'",
            how: 'pattern',
          },
        ],
      },
    ]);
  });

  it('reads patterns as feeds write them, and counts what it made of them', () => {
    const written = [
      "[process:name = 'cmd.exe' AND process:command_line != 'x']",
      "[file:hashes.sha256 = 'AB' AND file:size != 1]",
      "[win-registry-key:key = 'HKLM\\\\Software\\\\x' AND windows-registry-key:values[*].name = 'y']",
      "domain:value != 'x'",
    ];
    const { set, notes } = load(written);
    expect(set.layers.size).toBe(4);
    expect(Object.fromEntries(notes)).toEqual({
      'renamed-property': 1,
      'hash-algorithm': 1,
      'pseudo-type': 2,
      'canonical-value': 1,
      'missing-brackets': 1,
    });
    expect(set.match(CMD).map(({ rule }) => rule.id)).toEqual(['indicator--0']);
    const value = sysmon({ EventID: 13, TargetObject: 'HKLM\\SOFTWARE\\X\\Y' });
    expect(set.match(value).map(({ rule }) => rule.id)).toEqual([]);
    expect(set.match(sysmon({ EventID: 13, TargetObject: 'HKLM\\SOFTWARE\\X\\y' })).map(({ rule }) => rule.id)).toEqual(
      ['indicator--2'],
    );
  });

  it('leaves out what cannot be used, with the reason', () => {
    const { set, problems } = load(["[file:name = 'a'", "[file:name MATCHES '(?=a)']", "[file:name MATCHES 'a']"]);
    expect(set.layers.size).toBe(1);
    expect(problems.map(({ code }) => code)).toEqual(['PATTERN_SYNTAX', 'PATTERN_BAD_REGEX']);
  });

  it('reaches patterns only through their witnesses', () => {
    const { set } = load([
      "[process:command_line LIKE '%mimikatz%' AND process:pid > 4]",
      "[process:command_line LIKE '%whoami%' AND process:pid != 4]",
      "[network-traffic:dst_port = 4444 AND network-traffic:protocols[*] = 'tcp']",
      "[file:name = 'never' AND file:x_unknown = 'x']",
    ]);
    expect(set.layers.witnesses).toEqual([
      { pattern: 0, anyOf: ['mimikatz'] },
      { pattern: 1, anyOf: ['whoami'] },
    ]);
    expect(set.layers.unwitnessed).toEqual([2]);
    expect(set.candidates(CMD)).toEqual([1, 2]);
    set.match(CMD);
    expect(set.counts.evaluated).toBe(2);
  });

  it('follows sequences by host in event time', () => {
    const sequence =
      "([process:command_line LIKE '%whoami%'] FOLLOWEDBY [network-traffic:dst_ref.value = '192.0.2.1']) WITHIN 60 SECONDS";
    const { set } = load([sequence]);
    const connect = (second: number, host: string): Event =>
      sysmon({ EventID: 3, Hostname: host, SourceIp: '10.0.0.1', DestinationIp: '192.0.2.1' }, second);
    expect(set.match(CMD)).toEqual([]);
    expect(set.match(connect(10, 'other'))).toEqual([]);
    expect(set.match(connect(20, 'PEDRO01'))).toMatchObject([
      { rule: { id: 'indicator--0' }, count: 2, group: { Hostname: 'PEDRO01' }, events: [{ timeMs: CMD.timeMs }, {}] },
    ]);
    expect(set.match(connect(61, 'Pedro01'))).toEqual([]);
  });

  it('groups by the fields it is told', () => {
    const { set } = load(['[process:pid = 1] AND [process:pid = 2]'], { groupBy: ['User'] });
    expect(set.match(sysmon({ ProcessId: 1, User: 'a', Hostname: 'x' }))).toEqual([]);
    expect(set.match(sysmon({ ProcessId: 2, User: 'b', Hostname: 'x' }, 1))).toEqual([]);
    expect(set.match(sysmon({ ProcessId: 2, User: 'a', Hostname: 'y' }, 2))).toMatchObject([{ group: { User: 'a' } }]);
  });

  it('tests START and STOP on the time of the single event', () => {
    const { set } = load([
      "[process:pid = 1] START t'2024-03-01T00:00:00Z' STOP t'2024-03-01T00:00:10Z'",
      '[process:pid = 1] WITHIN 1 SECONDS',
    ]);
    const ids = (second: number) => set.match(sysmon({ ProcessId: 1 }, second)).map(({ rule }) => rule.id);
    expect(ids(9)).toEqual(['indicator--0', 'indicator--1']);
    expect(ids(10)).toEqual(['indicator--1']);
  });

  it('marks matches outside the validity of the indicator', () => {
    const indicator = { id: 'indicator--0', name: 'x', provider: 'p', validFromMs: CMD.timeMs + 1 };
    const { set } = compilePatterns([{ ...input("[process:command_line LIKE '%whoami']"), indicator }]);
    expect(set.match(CMD)).toMatchObject([{ validity: 'before', indicator }]);
  });

  it('uses mappings of the user beside the built-in ones', () => {
    const mapping = {
      name: 'own',
      when: [{ fields: ['my_tool'] }],
      objects: [{ id: 'm', type: 'mutex', properties: { name: { from: ['lock'], as: 'text' as const } } }],
    };
    const { set } = load(["[mutex:name LIKE 'evil%']"], { mappings: [mapping] });
    expect(set.match(event({ my_tool: 1, lock: 'evil-lock' }))).toHaveLength(1);
    expect(set.match(event({ lock: 'evil-lock' }))).toHaveLength(0);
  });
});

/** A stream of numbers from a seed, so that failures can be run again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Patterns made of the values that events hold, so that many match; each compares some property of one object in some way. */
function patternsFrom(events: readonly Event[], count: number, seed: number): string[] {
  const below = random(seed);
  const patterns: string[] = [];
  const types = [
    'process',
    'file',
    'network-traffic',
    'domain-name',
    'ipv4-addr',
    'url',
    'windows-registry-key',
    'user-account',
    'directory',
    'x509-certificate',
  ];
  for (let tries = 0; patterns.length < count && tries < count * 50; tries++) {
    const { fields } = events[below(events.length)] as Event;
    const type = types[below(types.length)] as string;
    const objects = new EventObjects(fields, STIX_MAPPINGS, () => []);
    const [object] = [...objects.objects(type)];
    const leaves: { steps: PathStep[]; value: EventValue }[] = [];
    const visit = (value: EventValue, steps: PathStep[]): void => {
      const last = steps.at(-1);
      if (last?.kind === 'key' && last.name.endsWith('_ref')) {
        const target = objects.resolve(String(value));
        if (target !== undefined && steps.length < 4) visit(target.properties, steps);
      } else if (isEventObject(value))
        for (const [name, inner] of Object.entries(value)) visit(inner, [...steps, { kind: 'key', name }]);
      else if (!Array.isArray(value) && !(last?.kind === 'key' && /_refs$|^type$/.test(last.name)))
        leaves.push({ steps, value });
    };
    if (object !== undefined) visit(object.properties, []);
    const tests = Array.from({ length: 1 + below(2) }, () => {
      const leaf = leaves[below(leaves.length)];
      if (leaf === undefined) return undefined;
      const text = String(leaf.value);
      const operator = (['=', 'LIKE', 'IN', '!='] as const)[below(4)] as ComparisonOperator;
      const from = below(text.length);
      const value = operator === 'LIKE' ? `%${text.slice(from, from + 3 + below(12))}%` : leaf.value;
      const operand =
        typeof value === 'number'
          ? { type: 'integer' as const, value }
          : { type: 'string' as const, value: String(value) };
      if (operator === 'LIKE' && operand.type !== 'string') return undefined;
      return printTest({
        kind: 'test',
        path: { type, steps: leaf.steps },
        operator,
        negated: false,
        operands: [operand],
        at: 0,
      });
    });
    if (tests.every((test) => test !== undefined)) patterns.push(`[${tests.join(below(2) === 0 ? ' AND ' : ' OR ')}]`);
  }
  return patterns;
}

describe.skipIf(!hasSharedData('events'))(`pattern set on real events ${sharedDataMissing('events')}`, () => {
  const events = ['attack-mix', 'zeek-apt29-day1'].flatMap((name) => {
    if (!hasSharedData('events')) return [];
    const lines = gunzipSync(readFileSync(sharedData('events', `${name}.ndjson.gz`)))
      .toString('utf8')
      .trim()
      .split('\n');
    return lines.filter((_, i) => i % 50 === 0).map((line, i) => event(JSON.parse(line) as EventObject, i));
  });

  it('finds through witnesses what trying every pattern finds', { timeout: 60_000 }, () => {
    const seed = 20_241_121;
    const patterns = patternsFrom(events, 200, seed);
    const { set, problems } = load(patterns);
    expect(problems).toEqual([]);
    const all = patterns.map((_, i) => i);
    let matches = 0;
    for (const one of events) {
      const expected = set.examine(one, all).matches.map(({ rule }) => rule.id);
      expect(
        set.examine(one).matches.map(({ rule }) => rule.id),
        `seed ${seed}: ${one.original}`,
      ).toEqual(expected);
      matches += expected.length;
    }
    expect(matches).toBeGreaterThan(100);
    expect(set.layers.witnesses.length).toBeGreaterThan(50);
  });

  it('goes on with patterns that were found in their feed again', () => {
    const said = { id: 'indicator--0', name: 'x', provider: 'p', validUntilMs: 100 };
    const timed = { ...said, id: 'indicator--1', modifiedMs: 1 };
    const inputs = [said, timed].map((indicator, i) => ({
      ...input("[process:command_line LIKE '%whoami' AND process:name = 'cmd.exe']", i),
      ...{ indicator, feed: 'f' },
    }));
    const { set } = compilePatterns(inputs);
    const base = set.layers.base.portable;
    // Nothing is opened for it: the records are not looked at.
    const untouched = new PatternSet({ ...base, records: { ...base.records, starts: new Uint32Array(0) } }, {});
    const ends = (of: PatternSet): unknown => of.match(CMD).map(({ indicator }) => indicator?.validUntilMs);
    const early = new PatternSet(base, {});
    expect(ends(early)).toEqual([100, 100]);
    for (const one of [set, untouched, early]) {
      one.renew([{ feed: 'f', fromMs: 100, toMs: 200 }]);
      one.renew([
        { feed: 'f', fromMs: 100, toMs: 300 },
        { feed: 'g', fromMs: 200, toMs: 300 },
      ]);
    }
    expect(ends(early)).toEqual([200, 100]);
    const { parts, ...merge } = set.layers.mergeOf(true);
    set.renew([{ feed: 'f', fromMs: 200, toMs: 400 }]);
    set.layers.merge({ ...merge, layer: joinLayers(parts) });
    expect(ends(set)).toEqual([400, 100]);
    set.renew([{ feed: 'f', fromMs: 400, toMs: 500 }]);
    expect(ends(set)).toEqual([500, 100]);
  });
});
