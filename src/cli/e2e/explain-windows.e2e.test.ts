/** Why rules over several events fired or did not, over a file of events: `flint rules explain` as scripts call it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const RULES = `title: Many failed logons
id: 44444444-4444-4444-8444-444444444444
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 30s, condition: {gte: 3}}
---
title: Failed, then in
id: 55555555-5555-4555-8555-555555555555
correlation: {type: temporal_ordered, rules: [failed, logon], group-by: [user], timespan: 60s}
---
title: Quiet minute
id: 66666666-6666-4666-8666-666666666666
correlation: {type: event_count, rules: [failed], group-by: [host], timespan: 30s, condition: {lte: 1}}
---
title: Failed logon
name: failed
id: 11111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
---
title: Logon
name: logon
id: 22222222-2222-4222-8222-222222222222
logsource: {category: test}
detection: {s: {action: login}, condition: s}
`;
const FLUX = `rules:
  - rulename: story
    action: temporal
    ordered: true
    tags: [{name: Failed logon}, {name: Logon}]
`;
const event = (time: string, action: string, user: string | undefined, more: object = {}): string =>
  `${JSON.stringify({ '@timestamp': `2026-03-01T10:${time}Z`, action, ...(user !== undefined && { user }), host: 'h', ...more })}\n`;
const EVENTS = [
  event('00:01', 'fail', 'alice'),
  event('00:02', 'fail', 'bob'),
  event('00:03', 'fail', 'alice'),
  event('00:10', 'fail', 'alice'),
  event('00:20', 'fail', 'bob'),
  event('00:50', 'fail', 'bob'),
  event('00:55', 'login', 'bob'),
  event('05:50', 'fail', undefined),
];
const PATTERN =
  "([domain-name:value = 'evil.example'] FOLLOWEDBY [domain-name:value = 'worse.example']) WITHIN 60 SECONDS";
const BUNDLE = {
  type: 'bundle',
  id: 'bundle--1e0f2f2e-7a52-4a0c-a7f5-9cf5b1f4c1aa',
  objects: [
    {
      ...{ type: 'indicator', spec_version: '2.1', id: 'indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f' },
      ...{ created: '2024-01-01T00:00:00Z', modified: '2024-01-01T00:00:00Z', valid_from: '2024-01-01T00:00:00Z' },
      ...{ name: 'Two names', pattern: PATTERN, pattern_type: 'stix' },
    },
  ],
};

function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}
const rules = file('rules.yml', RULES);
const events = file('events.ndjson', EVENTS.join(''));

async function explain(
  ...args: string[]
): Promise<{ code: number | null; told: Record<string, unknown>[]; err: string }> {
  const child = new FlintProcess({ args: ['rules', 'explain', ...args] });
  const { code } = await child.exited;
  const lines = child.stdout.split('\n').filter((line) => line !== '');
  return { code, told: lines.map((line) => JSON.parse(line) as Record<string, unknown>), err: child.stderr };
}

it('tells of a correlation what it fired with, and of other groups the nearest window and what it lacked', async () => {
  const { code, told } = await explain('Many failed logons', events, '--rules', rules, '--logsource', 'any/test');
  expect(code).toBe(0);
  expect(told).toMatchObject([
    {
      ...{ kind: 'rule', name: 'Many failed logons', records: 8, groups: 2, fired: 1 },
      matches: [{ name: 'Failed logon', count: 6 }],
      left_out: [{ reason: 'missing-group-field', count: 1 }],
    },
    {
      group: { user: 'alice' },
      fired: 1,
      firings: [{ count: 3, value: 3, events: [{ line: 1 }, { line: 3 }, { line: 4 }] }],
    },
    {
      ...{ group: { user: 'bob' }, fired: 0 },
      closest: {
        entries: 2,
        state: 'event_count 2, needs >= 3',
        missing: ['1 more'],
        events: [{ line: 2 }, { line: 5 }],
      },
    },
  ]);
});

it('explains all correlations of a file, those judged when a window closes too, and lists no more groups than asked for', async () => {
  const { told, err } = await explain(rules, events, '--logsource', 'any/test', '--limit', '1');
  expect(told.filter(({ kind }) => kind === 'rule').map(({ name, fired }) => [name, fired])).toEqual([
    ['Many failed logons', 1],
    ['Failed, then in', 1],
    ['Quiet minute', 2],
  ]);
  expect(told.filter(({ kind }) => kind === 'group')).toHaveLength(3);
  expect(err).toContain('1 more groups of "Many failed logons"');
  const { told: alice } = await explain(rules, events, '--logsource', 'any/test', '--filter', 'ali');
  expect(alice).toContainEqual(
    expect.objectContaining({
      ...{ rule: '55555555-5555-4555-8555-555555555555', group: { user: 'alice' }, fired: 0 },
      closest: expect.objectContaining({ missing: ['no match of "Logon" in the window'] }),
    }),
  );
});

it('tells of windows that are over only what they lacked, not what came after them', async () => {
  const long = ['00:01', '00:02', '02:00', '03:10', '03:20'].map((time) => event(time, 'fail', 'alice')).join('');
  const log = file('long.ndjson', long);
  const { told } = await explain('Many failed logons', log, '--rules', rules, '--logsource', 'any/test');
  expect(told[1]).toMatchObject({
    fired: 0,
    closest: { entries: 2, missing: ['1 more'], events: [{ line: 1 }, { line: 2 }] },
  });
});

it('explains flux rules by their tags', async () => {
  const flux = file('flux.yml', FLUX);
  const { told } = await explain(flux, events, '--rules', rules, '--flux-group', 'user', '--logsource', 'any/test');
  expect(told).toMatchObject([
    {
      ...{ kind: 'rule', engine: 'flux', name: 'story', fired: 1 },
      matches: [
        { name: 'Failed logon', count: 7 },
        { name: 'Logon', count: 1 },
      ],
      left_out: [{ reason: 'missing-group-field', count: 1 }],
    },
    { group: { user: 'bob' }, fired: 1, firings: [{ events: [{ line: 6 }, { line: 7 }] }] },
    {
      group: { user: 'alice' },
      closest: {
        state: 'temporal, ordered: 1 of 2 tags seen (Failed logon)',
        missing: ['no tag "Logon" after "Failed logon"'],
      },
    },
  ]);
});

it('explains patterns over several observations', async () => {
  const dns = (second: string, host: string, name: string): string =>
    event(second, 'dns', undefined, { host: { name: host }, dns: { question: { name } } });
  const log = file(
    'dns.ndjson',
    dns('00:01', 'a', 'evil.example') +
      dns('00:02', 'b', 'evil.example') +
      dns('00:03', 'b', 'worse.example') +
      dns('30:00', 'a', 'worse.example'),
  );
  const bundle = file('bundle.json', JSON.stringify(BUNDLE));
  const { code, told } = await explain('two names', log, '--intel', bundle);
  expect(code).toBe(0);
  expect(told).toMatchObject([
    { engine: 'pattern', groups: 2, fired: 1 },
    { group: { 'host.name': 'b' }, fired: 1, firings: [{ count: 2, events: [{ line: 2 }, { line: 3 }] }] },
    {
      group: { 'host.name': 'a' },
      closest: { missing: ['no event for observation 2 of the pattern'], events: [{ line: 1 }] },
    },
  ]);
});

it('says when nothing tells the log source, and when there is no such rule', async () => {
  const { told, err } = await explain(rules, events);
  expect(told.map(({ groups }) => groups)).toEqual([0, 0, 0]);
  expect(err).toContain('no Sigma rule was tried on 8 events');
  const unknown = await explain('Many faild logons', events, '--rules', rules);
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('no rule "Many faild logons" is loaded')]);
  expect((await explain(rules, events, '--limit', '0')).code).toBe(2);
});

it('of a rule about one event, which of its searches hold', async () => {
  const rule = file(
    'searches.yml',
    `title: Logon of a person
logsource: {category: test}
detection:
  logon: {action: login}
  filter_service: {user|startswith: svc}
  condition: logon and not 1 of filter_*
`,
  );
  const path = file('logon.ndjson', event('00:01', 'login', 'svc_backup'));
  const args = ['rules', 'explain', rule, path, '--logsource', 'any/test'];
  const text = new FlintProcess({ args });
  await text.exited;
  expect(text.stdout).toContain('searches    + logon  + filter_service');
  const json = new FlintProcess({ args: [...args, '--json'] });
  await json.exited;
  expect(JSON.parse(json.stdout)).toMatchObject({ matches: false, searches: { logon: true, filter_service: true } });
});
