/** What a scan and an explanation say of events that were too late, and of what a bound of memory made them forget. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const RULES = `title: Many failed logons
id: 44444444-4444-4444-8444-444444444444
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 30s, condition: {gte: 20}}
---
title: Failed logon
name: failed
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
`;
const FLUX = `lateness: 1s
rules:
  - rulename: story
    action: temporal
    tags: [{name: a}, {name: b}]
`;
const at = (second: number): string => new Date(Date.parse('2026-03-01T10:00:00Z') + second * 1000).toISOString();
const write = (name: string, lines: readonly object[]): string => {
  const path = join(folder.path, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
};
const text = (name: string, content: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
};
const flint = async (...args: string[]): Promise<{ readonly out: string; readonly err: string }> => {
  const run = new FlintProcess({ args });
  await run.exited;
  return { out: run.stdout, err: run.stderr };
};

const rules = text('rules.yml', RULES);
const failed = (second: number): object => ({ '@timestamp': at(second), action: 'fail', user: 'alice' });
const correlated = ['--rules', rules, '--logsource', 'any/test'];

it.each([
  ['drop', { left_out: [{ reason: 'late', count: 1 }] }],
  ['evaluate', { left_out: [], late_evaluated: 1 }],
])('late matches of correlations are told: %s', async (policy, told) => {
  const config = text(`${policy}.yaml`, `state: {late_events: ${policy}}\n`);
  const events = write('late.ndjson', [failed(0), failed(300), failed(1)]);
  const scan = await flint('scan', '-c', config, ...correlated, events);
  expect(scan.err).toContain('later than the lateness allows (state.late_events): 1 of Many failed logons');
  const { out } = await flint('rules', 'explain', '-c', config, rules, events, '--logsource', 'any/test');
  expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject(told);
});

it.each([
  ['drop', 0, { left_out: [{ reason: 'late', count: 1 }] }],
  ['evaluate', 1, { left_out: [], late_evaluated: 1 }],
])('late events of flux rules are told: %s', async (policy, fired, told) => {
  const config = text(`${policy}-flux.yaml`, `state: {late_events: ${policy}}\n`);
  const spec = text('story.yml', FLUX);
  const tagged = (second: number, tag: string): object => ({
    ...{ '@timestamp': at(second), host: 'h', sigma: { story: { [tag]: true } } },
  });
  const events = write('tags.ndjson', [tagged(10, 'a'), tagged(20, 'a'), tagged(5, 'b')]);
  const { out } = await flint('rules', 'explain', '-c', config, spec, events, '--flux-group', 'host');
  expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ fired, ...told });
});

it('events with tags but without a group are told, groups and capacities that cannot be are refused', async () => {
  const spec = text('story.yml', FLUX);
  const events = write('ungrouped.ndjson', [
    { '@timestamp': at(0), sigma: { story: { a: true } } },
    { '@timestamp': at(1), host: 'h', sigma: { story: { b: true } } },
    { '@timestamp': at(2) },
  ]);
  const { out, err } = await flint('scan', '--flux', spec, '--flux-group', 'host', events);
  expect([out, err]).toEqual([
    '',
    expect.stringContaining('without the field of --flux-group, so not remembered: 1 of story'),
  ]);
  const refused = async (...args: string[]): Promise<string> =>
    (await flint('scan', '--flux', spec, ...args, events)).err;
  expect(await refused('--flux-group', '')).toContain('"flux.0.group"');
  expect(await refused('--flux-capacity', '1e12')).toContain('"flux.0.capacity" must be <= 500000000');
});

it('events that wait take no more memory than they may, and those not waited with are told', async () => {
  const config = text('waiting.yaml', 'flux_memory: {waiting_bytes: 1048576}\n');
  const spec = text('story.yml', FLUX);
  // Each of a group that nothing else comes for: it would wait to the end of the file.
  const events = write(
    'large.ndjson',
    Array.from({ length: 200 }, (_, second) => ({
      ...{
        '@timestamp': at(second),
        host: `h${second}`,
        sigma: { story: { a: true, b: true } },
        pad: 'p'.repeat(10_000),
      },
    })),
  );
  const { out, err } = await flint('scan', '-c', config, '--flux', spec, '--flux-group', 'host', events);
  expect(out.trim().split('\n')).toHaveLength(200);
  const [, early] = /because too many waited: (\d+) of story/.exec(err) ?? [];
  expect(Number(early)).toBeGreaterThanOrEqual(150);
  const explained = await flint('rules', 'explain', '-c', config, spec, events, '--flux-group', 'host');
  expect(JSON.parse(explained.out.split('\n')[0] ?? '')).toMatchObject({ fired: 200, early_evaluated: Number(early) });
});

it('a window holds as many matches as the configuration allows, and what it forgot is told', async () => {
  const config = text('small.yaml', 'correlation_memory: {matches_per_group: 10}\n');
  const events = write(
    'many.ndjson',
    Array.from({ length: 20 }, (_, second) => failed(second)),
  );
  const scan = await flint('scan', '-c', config, ...correlated, events);
  expect([scan.out, scan.err]).toEqual([
    '',
    expect.stringContaining('forgotten because a bound of memory was reached: 10 of Many failed logons'),
  ]);
  const free = await flint('scan', ...correlated, events);
  expect(free.out.trim().split('\n')).toHaveLength(1);
  expect(free.err).toContain('\n1 alert\n');
});
