/** `state.lateness_seconds` and `state.late_events`, from outside: which events of a log still count, and that late ones are counted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const MANY_FAILED = '44444444-4444-4444-8444-444444444444';
const RULES = `title: Many failed logons
id: ${MANY_FAILED}
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 10m, condition: {gte: 3}}
---
title: Failed logon
name: failed
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
`;
const FLUX = `rules:
  - rulename: story
    action: temporal
    tags: [{name: a}, {name: b}]
`;
/** The third event is two minutes older than the newest. */
const EVENTS = ['10:00:00', '10:05:00', '10:03:00', '10:05:30']
  .map((time, i) =>
    JSON.stringify({
      ...{ '@timestamp': `2026-03-01T${time}Z`, action: i === 3 ? 'other' : 'fail', user: 'alice', host_id: 'h' },
      sigma: { story: i === 0 ? { a: true } : i === 2 ? { b: true } : {} },
    }),
  )
  .join('\n');
const rules = join(folder.path, 'rules.yml');
const flux = join(folder.path, 'flux.yml');
const events = join(folder.path, 'events.ndjson');
writeFileSync(rules, RULES);
writeFileSync(flux, FLUX);
writeFileSync(events, `${EVENTS}\n`);

async function scan(state: string, ...more: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const config = join(folder.path, 'flint.yaml');
  writeFileSync(config, `state: {${state}}\n`);
  const child = new FlintProcess({ args: ['scan', '-c', config, events, '--logsource', 'any/test', ...more] });
  const { code } = await child.exited;
  return { code, out: child.stdout, err: child.stderr };
}

async function firedBy(state: string, ...more: string[]): Promise<string[]> {
  const { out } = await scan(state, ...more);
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { rule: { name: string } }).rule.name);
}

it('correlations leave events out that are later than the lateness, unless these shall be evaluated', async () => {
  const count = (state: string): Promise<number> =>
    firedBy(state, '--rules', rules).then((names) => names.filter((name) => name === 'Many failed logons').length);
  expect(await count('')).toBe(0);
  expect(await count('lateness_seconds: 300')).toBe(1);
  expect(await count('late_events: drop')).toBe(0);
  expect(await count('late_events: evaluate')).toBe(1);
});

it('flux specifications evaluate late events, unless these shall be left out; each event still leaves once', async () => {
  const args = ['--flux', flux, '--flux-group', 'host_id'];
  expect(await firedBy('', ...args)).toEqual(['story']);
  expect(await firedBy('late_events: drop', ...args)).toEqual([]);
  expect(await firedBy('late_events: drop, lateness_seconds: 300', ...args)).toEqual(['story']);
  const { out } = await scan('late_events: drop', ...args, '--emit', 'events');
  const maps = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { '@timestamp': string; sigma: { story: object } });
  expect(maps).toHaveLength(4);
  expect(maps.find((each) => each['@timestamp'].includes('10:03'))?.sigma.story).toEqual({ b: true });
});

it('a bad value is refused by check, naming the key', async () => {
  const config = join(folder.path, 'bad.yaml');
  writeFileSync(config, 'state:\n  lateness_seconds: 7200\n');
  const child = new FlintProcess({ args: ['check', '-c', config] });
  expect([(await child.exited).code, `${child.stdout}${child.stderr}`]).toEqual([
    2,
    expect.stringContaining('lateness_seconds'),
  ]);
});

it('late events of a running service are counted for each rule', async () => {
  const config = join(folder.path, 'run.yaml');
  writeFileSync(config, 'state: {late_events: evaluate}\n');
  const flint = new FlintProcess({
    args: [
      ...['run', '-c', config, '--data-dir', join(folder.path, 'data'), '--http', '127.0.0.1:0', '--rules', rules],
      ...['--listen', `file:${events}?poll_ms=20&logsource=any/test`, '--output', 'stdout:'],
    ],
  });
  try {
    await flint.url();
    await flint.until(
      async () => total(await flint.metrics(), 'flint_state_late_events', MANY_FAILED) === 1,
      'one late',
    );
    await flint.until(() => Promise.resolve(flint.stdout.includes(MANY_FAILED)), 'the alert');
  } finally {
    await flint.stop();
  }
});
