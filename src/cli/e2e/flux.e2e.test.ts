/** Flux specifications from outside: all vectors through `flint scan --emit events`, tags from Sigma rules, `flint run --emit events`. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { rulesOf, stepsOf, type Vector, vectors } from '../../../conformance/flux/read-vectors.ts';
import type { Alert } from '../../core/alert.ts';
import type { EventObject } from '../../core/event.ts';
import { FLINT_MAIN, FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

type Sigma = Record<string, Record<string, boolean | null>>;

function write(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

function ndjson(events: readonly EventObject[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

function scan<T>(args: readonly string[], input: string): T[] {
  const run = spawnSync(process.execPath, [FLINT_MAIN, 'scan', '--json', '--data-dir', folder.path, ...args, '-'], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

function firstRule(vector: Vector): string {
  return String(rulesOf(vector)[0]?.['rulename']);
}

/** Many vectors in one file: each has its own host and its own names of rules. */
function fileOf(list: readonly Vector[]): { readonly spec: string; readonly input: string } {
  const rules = list.flatMap((vector, v) =>
    rulesOf(vector).map((rule) => ({ ...rule, rulename: `${v}:${String(rule['rulename'])}` })),
  );
  const events = list.flatMap((vector, v) =>
    stepsOf(vector.rows, firstRule(vector)).map(({ fields, timeMs }, row) => ({
      ...fields,
      host: `${v}:${String(fields['host'])}`,
      row,
      '@timestamp': new Date(timeMs).toISOString(),
      sigma: Object.fromEntries(
        Object.entries(fields['sigma'] as unknown as Sigma).map(([rule, tags]) => [`${v}:${rule}`, tags]),
      ),
    })),
  );
  return { spec: stringify({ lateness: '10m', rules }, { aliasDuplicateObjects: false }), input: ndjson(events) };
}

/** By row of the vector: its `sigma` map with the vector's own names, without the rule that fills memory. */
function sigmaOf(events: readonly EventObject[], v: number): Sigma[] {
  const rows: Sigma[] = [];
  for (const event of events) {
    if (!String(event['host']).startsWith(`${v}:`)) continue;
    const entries = Object.entries(event['sigma'] as unknown as Sigma).flatMap(([rule, tags]) =>
      rule.startsWith(`${v}:`) && rule !== `${v}:fill` ? [[rule.slice(`${v}:`.length), tags] as const] : [],
    );
    rows[Number(event['row'])] = Object.fromEntries(entries);
  }
  return rows;
}

function trueTags(sigma: Sigma | undefined): string[] {
  return Object.entries(sigma ?? {})
    .flatMap(([rule, tags]) => Object.entries(tags).flatMap(([tag, value]) => (value === true ? `${rule}:${tag}` : [])))
    .sort();
}

function check(list: readonly Vector[], args: (spec: string) => readonly string[]): void {
  const { spec, input } = fileOf(list);
  const options = args(spec);
  const events = scan<EventObject>([...options, '--emit', 'events'], input);
  expect(events.length).toBe(input.split('\n').length - 1);
  const alerts = scan<Alert>(options, input);
  for (const [v, vector] of list.entries()) {
    const rows = sigmaOf(events, v);
    for (const [row, { expected }] of stepsOf(vector.rows, firstRule(vector)).entries()) {
      if (expected === undefined) continue;
      const actual = Array.isArray(expected) ? trueTags(rows[row]) : rows[row];
      expect([vector.id, row, actual]).toEqual([vector.id, row, expected]);
    }
    if (vector.fires === undefined) continue;
    const first = `${v}:${firstRule(vector)}`;
    const fired = alerts.flatMap(({ rule, event }) =>
      rule.id === first ? [Number((JSON.parse(event.original ?? '') as EventObject)['row'])] : [],
    );
    expect([vector.id, fired]).toEqual([vector.id, vector.fires]);
  }
}

describe('the vectors of Flux-Capacitor through flint scan --emit events', () => {
  const exact = vectors.filter(({ options }) => options === undefined);

  it('hold in exact memory', () => {
    expect(new Set(exact.flatMap(({ id }) => /^V\d\d/.exec(id) ?? [])).size).toBe(41);
    check(exact, (spec) => ['--flux', write('all.yml', spec), '--flux-group', 'host']);
  });

  it('hold in Bloom memory of a capacity', () => {
    const bloom = vectors.filter(({ options }) => options?.memory?.kind === 'bloom');
    expect(bloom.map(({ id }) => id)).toEqual(['V40 in Bloom memory of the same capacity']);
    check(bloom, (spec) => ['--flux', write('bloom.yml', spec), '--flux-group', 'host', '--flux-capacity', '200']);
  });

  it('hold with parents before their children at equal times', () => {
    const parentsFirst = vectors.filter(({ options }) => options?.equalTimes === 'parents-first');
    expect(parentsFirst.length).toBeGreaterThan(0);
    check(parentsFirst, (spec) => {
      const entry = { spec: write('first.yml', spec), group: 'host', equal_times: 'parents-first' };
      return ['-c', write('first.yaml', stringify({ flux: [entry] }))];
    });
  });
});

const RULES = write(
  'rules.yml',
  [
    'title: Office and scripts',
    'id: 9f5d0d0c-2f0b-4a52-8f5c-5a3a3a0f0a01',
    'name: office_chain',
    'logsource: { category: process_creation, product: windows }',
    'detection:',
    "  office: { Image|endswith: '\\winword.exe' }",
    "  script: { Image|endswith: '\\wscript.exe' }",
    '  condition: office and script',
    '---',
    'title: recon tool',
    'id: 9f5d0d0c-2f0b-4a52-8f5c-5a3a3a0f0a02',
    'logsource: { category: process_creation, product: windows }',
    'detection:',
    "  selection: { Image|endswith: '\\whoami.exe' }",
    '  condition: selection',
  ].join('\n'),
);
const CHAIN = write(
  'chain.yml',
  stringify({
    rules: [
      {
        rulename: 'office_chain',
        action: 'ancestor',
        parent: 'ParentProcessId',
        child: 'NewProcessId',
        tags: [{ name: 'office' }, { name: 'script' }, { name: 'recon tool' }],
        condition: 'ancestor.office and ancestor.script and "recon tool"',
      },
    ],
  }),
);
const chain: readonly EventObject[] = ['winword', 'wscript', 'cmd', 'whoami'].map((name, i) => ({
  SourceName: 'Microsoft-Windows-Security-Auditing',
  Channel: 'Security',
  Hostname: 'W1',
  '@timestamp': new Date(Date.UTC(2024, 0, 1, 0, 0, i)).toISOString(),
  EventID: 4688,
  NewProcessId: `0x${(400 + 4 * i).toString(16)}`,
  ProcessId: `0x${(396 + 4 * i).toString(16)}`,
  NewProcessName: `C:\\x\\${name}.exe`,
}));
const tagsOf = (event: EventObject): unknown => (event['sigma'] as unknown as Sigma)['office_chain'];
const EXPECTED = [
  { office: true, script: false, 'recon tool': false },
  { office: true, script: true, 'recon tool': false },
  { office: true, script: true, 'recon tool': false },
  { office: true, script: true, 'recon tool': true },
];

describe('tags that come from Sigma rules', () => {
  const args = ['--rules', RULES, '--flux', CHAIN];

  it('are the rule of that name and the search identifiers of the rule named as the flux rule, on raw events', () => {
    expect(scan<EventObject>([...args, '--emit', 'events'], ndjson(chain)).map(tagsOf)).toEqual(EXPECTED);
    const alerts = scan<Alert>(args, ndjson(chain)).filter(({ flint }) => flint.engine === 'flux');
    expect(alerts.map(({ rule, flint }) => [rule.name, flint.events?.length, flint.group])).toEqual([
      ['office_chain', 4, { Computer: 'W1' }],
    ]);
  });

  it('flint run writes events with their tags as well', async () => {
    const flint = new FlintProcess({
      args: [
        ...['run', ...args, '--emit', 'events', '--http', 'off', '--listen', 'json+tcp://127.0.0.1:0'],
        ...['--data-dir', join(folder.path, 'run')],
      ],
    });
    const port = await flint.port('json+tcp');
    await flint.logged('ready');
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.end(ndjson(chain), () => resolve()));
    await flint.until(() => flint.stdout.split('\n').length > chain.length, 'the events');
    const events = flint.stdout.trim().split('\n');
    expect(events.map((line) => tagsOf(JSON.parse(line) as EventObject))).toEqual(EXPECTED);
    await flint.stop();
  });

  it('events are asked for with a specification, and leave once with two of them', () => {
    const [first, ...more] = scan<EventObject>(
      [
        ...[
          ...args,
          '--flux',
          write('two.yml', stringify({ rules: [{ rulename: 'x', action: 'temporal', tags: ['t'] }] })),
        ],
        ...['--emit', 'events'],
      ],
      ndjson(chain),
    );
    expect(more.length).toBe(3);
    expect(first?.['sigma']).toEqual({ office_chain: EXPECTED[0], x: {} });
    const refused = spawnSync(process.execPath, [FLINT_MAIN, 'scan', '--rules', RULES, '--emit', 'events', '-'], {
      input: '',
      encoding: 'utf8',
    });
    expect([refused.status, refused.stderr.includes('needs a flux specification')]).toEqual([2, true]);
  });
});

describe('Bloom memory that is often wrong', () => {
  const spec = write(
    'wrong.yml',
    stringify({
      rules: [
        {
          ...{
            rulename: 'child of office',
            action: 'parent',
            parent: 'ppid',
            child: 'pid',
            tags: [{ name: 'office' }],
          },
          condition: 'parent.office',
        },
      ],
    }),
  );
  // Every third process is an office program; half of the parents were never seen.
  const events = Array.from({ length: 400 }, (_, i) => ({
    host: `h${i % 2}`,
    pid: `${i}`,
    ppid: i % 4 < 2 ? `${i - 2}` : `gone-${i}`,
    '@timestamp': new Date(Date.UTC(2024, 0, 1) + i * 1000).toISOString(),
    ...(i % 3 === 0 && { sigma: { 'child of office': { office: true } } }),
  }));
  const run = (name: string, more: object) => {
    const entry = { spec, group: 'host', ...more };
    const config = write(name, stringify({ flux: [entry] }));
    const done = spawnSync(process.execPath, [FLINT_MAIN, 'scan', '--json', '-c', config, '-'], {
      input: ndjson(events),
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(done.stderr);
    const alerts = done.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Alert]));
    return { alerts, ids: alerts.map(({ event }) => event.id), stderr: done.stderr };
  };

  it('gives the alerts of exact memory under the same ids, and counts the false ones that were dropped', () => {
    const exact = run('exact.yaml', {});
    const bloom = run('bloom.yaml', { capacity: 200, false_positive_rate: 0.5 });
    expect(exact.ids.length).toBeGreaterThan(50);
    expect(bloom.ids).toEqual(exact.ids);
    expect(bloom.alerts.filter(({ flint }) => flint.unconfirmed === true)).toEqual([]);
    const dropped = /Bloom memory: (\d+) false alerts dropped, 0 alerts unconfirmed/.exec(bloom.stderr)?.[1];
    expect(Number(dropped)).toBeGreaterThan(20);
    expect(exact.stderr).not.toContain('Bloom memory');
    const given = spawnSync(
      process.execPath,
      [FLINT_MAIN, 'scan', '--json', '--flux', spec, '--flux-group', 'host', '--flux-capacity', '2000', '-'],
      { input: ndjson(events), encoding: 'utf8' },
    );
    const ids = given.stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as Alert).event.id]));
    expect(ids).toEqual(exact.ids);
  });
});
