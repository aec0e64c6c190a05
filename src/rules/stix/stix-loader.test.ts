import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeedPolicy, FeedReport } from '../../core/feed.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { MarkingDefinitions } from './markings.ts';
import { NameOrdinals } from './name-ordinals.ts';
import { dropDetails, restoreDetails, StixLoader, type StixTarget } from './stix-loader.ts';
import { VersionIndex } from './version-index.ts';

function newTarget(): StixTarget {
  return {
    indicators: new IndicatorTableBuilder(),
    benign: new IndicatorTableBuilder(),
    versions: new VersionIndex(),
    markings: new MarkingDefinitions(),
    ordinals: new NameOrdinals(),
    deferred: [],
    sigma: [],
  };
}

function feed(target: StixTarget, text: string, policy: Partial<FeedPolicy> = {}, chunkBytes = 4096) {
  const report = new FeedReport();
  const loader = new StixLoader(target, {
    indicatorsFeed: target.indicators.addFeed('feed'),
    benignFeed: target.benign.addFeed('feed'),
    policy: { provider: 'feed', role: 'indicators', ...policy },
    report,
    file: 'bundle.json',
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) loader.push(bytes.subarray(at, at + chunkBytes));
  return { report, broken: loader.end() };
}

function load(objects: readonly object[], policy: Partial<FeedPolicy> = {}) {
  const target = newTarget();
  const result = feed(target, JSON.stringify({ type: 'bundle', objects }), policy);
  return { ...result, target, table: target.indicators.finish(), benign: target.benign.finish() };
}

function indicator(pattern: string, more: object = {}): object {
  return { type: 'indicator', pattern, ...more };
}

const V1 = 'indicator--00000000-0000-4000-8000-000000000001';

const at = (n: number) => `2024-01-0${n}T00:00:00Z`;
const bundle = (objects: readonly object[]) => JSON.stringify({ objects });

describe('STIX loader', () => {
  it('loads every shape of the STIX Spark vectors', () => {
    const { table, target, report } = load([
      indicator("[network-traffic:dst_ref.value='10.1.1.1' AND network-traffic:dst_port=8080]", { name: 'E1' }),
      indicator("[network-traffic:dst_ref.value = '10.1.1.2' AND network-traffic:dst_port IN (80, 443)]", {
        name: 'E2',
      }),
      indicator("[url:value='http://evil.example.com/bad/path.exe']", { name: 'U1' }),
      indicator("[url:value='https://tls.example.com/x']", { name: 'U2' }),
      indicator("[url:value='http://q.example.com/a?id=1']", { name: 'U3' }),
      indicator("[domain-name:value='plain.example.org']", { name: 'D0' }),
      indicator("[network-traffic:dst_ref.type='domain-name' AND network-traffic:dst_ref.value='nt.example.org']", {
        name: 'D1',
      }),
      indicator(
        "[network-traffic:dst_ref.type='domain-name' AND network-traffic:dst_ref.value MATCHES '^dga.+\\\\.example\\\\.net$']",
        { name: 'R1' },
      ),
      indicator("[network-traffic:dst_ref.value MATCHES '^cls[0-9]+\\\\.example\\\\.net$']", { name: 'R2' }),
      indicator("[ipv4-addr:value='9.9.9.9']", { name: 'I1' }),
      indicator("[ domain-name:value  =  'BRAND.example' ]", { name: 'blanks' }),
    ]);
    expect([...table].map(({ kind, value, details }) => [kind, value, details.name, details.ordinal])).toEqual([
      ['endpoint', '10.1.1.1:8080', 'E1', 1],
      ['endpoint', '10.1.1.2:80', 'E2', 2],
      ['endpoint', '10.1.1.2:443', 'E2', 2],
      ['url', 'http://evil.example.com/bad/path.exe', 'U1', 3],
      ['url', 'https://tls.example.com/x', 'U2', 4],
      ['url', 'http://q.example.com/a?id=1', 'U3', 5],
      ['domain', 'plain.example.org', 'D0', 6],
      ['domain', 'nt.example.org', 'D1', 7],
      ['ipv4', '9.9.9.9', 'I1', 10],
      ['domain', 'brand.example', 'blanks', 11],
    ]);
    expect(target.deferred.map(({ reason, details }) => [reason, table.details(details).name])).toEqual([
      ['regex', 'R1'],
      ['regex', 'R2'],
    ]);
    expect(report.statistics()).toMatchObject({ entries: 11, bad: 0, deferred: { regex: 2 } });
  });

  it('numbers distinct names of all objects in reading order', () => {
    const { table } = load([
      { type: 'identity', name: 'maker' },
      indicator("[mutex:name='one']", { name: 'maker' }),
      { type: 'malware', name: 'other' },
      indicator("[mutex:name='two']", { name: 'last' }),
    ]);
    expect([...table].map(({ details }) => details.ordinal)).toEqual([1, 3]);
  });

  it('carries everything that alerts say', () => {
    const { table } = load(
      [
        indicator("[domain-name:value = 'a.example']", {
          id: V1,
          spec_version: '2.1',
          name: 'n',
          description: 'd',
          modified: '2024-01-01T00:00:00.123456Z',
          valid_from: '2024-01-02T00:00:00Z',
          valid_until: '2024-01-03T00:00:00Z',
          confidence: 85,
          indicator_types: ['malicious-activity'],
          kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: 'impact' }],
          external_references: [
            { source_name: 'x', url: 'https://ref.example/1' },
            { source_name: 'y', external_id: '2' },
          ],
          object_marking_refs: ['marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421'],
        }),
      ],
      { provider: 'vendor', library: 'mine' },
    );
    expect(table.get(0)).toEqual({
      kind: 'domain',
      value: 'a.example',
      semantics: 'exact',
      details: {
        id: V1,
        name: 'n',
        provider: 'vendor',
        library: 'mine',
        confidence: 85,
        tlp: 'amber',
        description: 'd',
        types: ['malicious-activity'],
        killChain: [{ chain: 'mitre-attack', phase: 'impact' }],
        references: ['https://ref.example/1', 'y:2'],
        validFromMs: Date.UTC(2024, 0, 2),
        validUntilMs: Date.UTC(2024, 0, 3),
        modifiedMs: Date.UTC(2024, 0, 1) + 123.456,
        ordinal: 1,
        pattern: "[domain-name:value = 'a.example']",
      },
    });
  });

  it('keeps the newest version of each id, whatever the order', () => {
    const version = fc.record({
      id: fc.constantFrom('1', '2', '3').map((n) => `indicator--00000000-0000-4000-8000-00000000000${n}`),
      modified: fc.integer({ min: 0, max: 9_999_999 }),
      revoked: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    const distinct = fc.uniqueArray(version, { selector: (v) => `${v.id} ${v.modified}`, maxLength: 12 });
    fc.assert(
      fc.property(
        distinct.chain((versions) =>
          fc.tuple(fc.constant(versions), fc.shuffledSubarray(versions, { minLength: versions.length })),
        ),
        ([versions, shuffled]) => {
          const objects = (list: typeof versions): object[] =>
            list.map(({ id, modified, revoked }) => {
              const time = new Date(Date.UTC(2024, 0, 1) + Math.floor(modified / 1000)).toISOString();
              const precise = time.replace('Z', `${String(modified % 1000).padStart(3, '0')}Z`);
              return indicator(`[mutex:name = 'm ${id} ${modified}']`, { id, modified: precise, revoked });
            });
          const values = (list: typeof versions): string[] => [...load(objects(list)).table].map((i) => i.value).sort();
          const expected = ['1', '2', '3'].flatMap((n) => {
            const own = versions.filter(({ id }) => id.endsWith(n));
            if (own.length === 0 || own.some(({ revoked }) => revoked)) return [];
            const newest = own.reduce((a, b) => (a.modified > b.modified ? a : b));
            return [`m ${newest.id} ${newest.modified}`];
          });
          expect(values(versions)).toEqual(expected.sort());
          expect(values(shuffled)).toEqual(expected.sort());
        },
      ),
    );
  });

  it('undoes a feed that broke half-way', () => {
    const target = newTarget();
    feed(target, bundle([indicator("[mutex:name = 'old']", { id: V1, modified: at(1) })]));
    const mark = [target.indicators.detailsCount, target.benign.detailsCount];
    target.versions.begin();
    const { broken } = feed(
      target,
      bundle([indicator("[mutex:name = 'new']", { id: V1, modified: at(2) })]).slice(0, -2),
    );
    expect(broken?.code).toBe('INTEL_BROKEN_FEED');
    for (let details = mark[0] ?? 0; details < target.indicators.detailsCount; details++)
      target.indicators.drop(details);
    target.versions.rollback((handle) => restoreDetails(target, handle));
    const again = feed(target, bundle([indicator("[mutex:name = 'other']", { id: V1, modified: at(1) })]));
    expect(again.report.statistics().skipped).toEqual({ 'older-version': 1 });
    expect([...target.indicators.finish()].map(({ value }) => value)).toEqual(['old']);
  });

  it.each([
    ['of another type', indicator('rule x {}', { id: V1, modified: at(3), pattern_type: 'yara' })],
    ['that is none', indicator('[', { id: V1, modified: at(3) })],
    ['without a pattern', { ...indicator('[', { id: V1, modified: at(3) }), pattern: undefined }],
  ])('a newer version with a pattern %s overrules its own feed only', (_what, useless) => {
    const inOrder = (...feeds: readonly (readonly object[])[]): string[] => {
      const target = newTarget();
      for (const objects of feeds) {
        target.versions.begin();
        feed(target, bundle(objects));
        target.versions.commit();
      }
      return [...target.indicators.finish()].map(({ value }) => value);
    };
    const own = indicator("[mutex:name = 'own']", { id: V1, modified: at(2) });
    const other = indicator("[mutex:name = 'other']", { id: V1, modified: at(1) });
    expect(inOrder([own, useless])).toEqual([]);
    expect(inOrder([useless, own])).toEqual([]);
    expect(inOrder([own, useless], [other])).toEqual(['other']);
    expect(inOrder([other], [useless, own])).toEqual(['other']);
    expect(inOrder([other], [own, useless])).toEqual(['other']);
  });

  it('puts benign indicators on the benign side', () => {
    const { table, benign } = load([
      indicator("[domain-name:value = 'good.example']", { indicator_types: ['benign'] }),
      indicator("[domain-name:value = 'fine.example']", { labels: ['benign'] }),
      indicator("[domain-name:value = 'bad.example']", { labels: ['malicious-activity'] }),
    ]);
    expect([...table].map(({ value }) => value)).toEqual(['bad.example']);
    expect([...benign].map(({ value, semantics }) => [value, semantics])).toEqual([
      ['good.example', 'subdomain'],
      ['fine.example', 'subdomain'],
    ]);
  });

  it('withdraws a benign indicator as well', () => {
    const target = newTarget();
    const offer = (name: string, modified: number) => target.versions.offer(name, modified, false);
    const details = target.benign.addDetails(target.benign.addFeed('f'), { provider: 'p' });
    target.benign.add('domain', 'x.example', 'exact', details);
    target.versions.setDetails(offer(V1, 1).entry, 2 * details + 1);
    dropDetails(target, offer(V1, 2).replaces);
    expect(target.benign.finish().size).toBe(0);
  });

  it('finds markings defined before and after their use, and on parts of the object', () => {
    const own = 'marking-definition--00000000-0000-4000-8000-000000000009';
    const definition = { type: 'marking-definition', id: own, definition_type: 'tlp', definition: { tlp: 'red' } };
    const marked = indicator("[mutex:name = 'abc']", { object_marking_refs: [own] });
    for (const objects of [
      [definition, marked],
      [marked, definition],
    ])
      expect(load(objects).table.get(0).details.tlp).toBe('red');
    const granular = [
      { marking_ref: 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da', selectors: ['pattern'] },
      { marking_ref: 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82', selectors: ['labels.[0]'] },
      { marking_ref: 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed', selectors: ['created'] },
    ];
    expect(load([indicator("[mutex:name = 'abc']", { granular_markings: granular })]).table.get(0).details.tlp).toBe(
      'amber',
    );
    expect(load([indicator("[mutex:name = 'abc']")], { tlp: 'green' }).table.get(0).details.tlp).toBe('green');
  });

  it('routes pattern types: sigma to its list, others are counted', () => {
    const { target, report } = load([
      indicator('title: x', { pattern_type: 'sigma', name: 's' }),
      indicator('rule x {}', { pattern_type: 'yara' }),
      indicator('alert tcp any', { pattern_type: 'snort' }),
      indicator('?', { pattern_type: '<script>' }),
    ]);
    expect(target.sigma.map(({ text }) => text)).toEqual(['title: x']);
    expect(report.statistics().skipped).toEqual({
      'pattern-type-sigma': 1,
      'pattern-type-yara': 1,
      'pattern-type-snort': 1,
      'pattern-type-other': 1,
    });
  });

  it('explains bad objects and loads the others', () => {
    const text = `{"objects":[\n{"type":"indicator","id":"${V1}"},\n{"type":"indicator","pattern":"[nonsense"},\n{bad},\n"text",\n${JSON.stringify(indicator("[mutex:name = 'good']", { valid_from: 'yesterday' }))}]}`;
    const target = newTarget();
    const { report } = feed(target, text);
    expect([...target.indicators.finish()].map(({ value }) => value)).toEqual(['good']);
    expect(report.problems.map(({ code, span, related }) => [code, span?.line ?? 0, related?.[0]?.span.line])).toEqual([
      ['INTEL_BAD_OBJECT', 2, undefined],
      ['PATTERN_SYNTAX', 1, 3],
      ['INTEL_BAD_OBJECT', 4, undefined],
      ['INTEL_BAD_TIME', 6, undefined],
    ]);
    expect(report.statistics()).toMatchObject({ bad: 3, skipped: { 'not-an-object': 1 } });
  });

  it('keeps the first problems of many and counts the rest', () => {
    const { report } = load(Array.from({ length: 500 }, () => indicator('[')));
    expect(report.problems.length).toBe(20);
    expect(report.omittedProblems).toBe(480);
    expect(report.badCount).toBe(500);
  });
});
