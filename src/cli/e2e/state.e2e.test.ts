/** What stands in a window, and why it did not fire: asked of a running service, by its API and by `flint state`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';
import { statefulSetup } from '../../testing/stateful-events.ts';

const MANY_FAILED = '44444444-4444-4444-8444-444444444444';
const FAILED_THEN_IN = '55555555-5555-4555-8555-555555555555';
const folder = temporaryFolder();
const { args } = statefulSetup(folder.path, 1, 0);
let flint: FlintProcess;
let url = '';

beforeAll(async () => {
  const log = join(folder.path, 'events.ndjson');
  const fail = (user: string, second: number): string =>
    `${JSON.stringify({ '@timestamp': `2026-03-01T10:00:0${second}Z`, action: 'fail', user, host: 'h' })}\n`;
  writeFileSync(
    log,
    fail('alice', 1) + fail('bob', 2) + fail('alice', 3) + fail('carol', 4) + fail('carol', 5) + fail('carol', 6),
  );
  flint = new FlintProcess({
    args: [
      ...['run', '--data-dir', join(folder.path, 'data'), '--http', '127.0.0.1:0', ...args],
      ...['--listen', `file:${log}?poll_ms=20&logsource=any/test`, '--output', 'stdout:'],
    ],
  });
  url = await flint.url();
  await flint.until(async () => total(await flint.metrics(), 'flint_state_entries', MANY_FAILED) === 6, 'six facts');
});
afterAll(async () => {
  await flint.stop();
  folder.remove();
});

async function ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function cli(...words: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const one = new FlintProcess({ args: ['state', ...words, '--url', url] });
  const { code } = await one.exited;
  return { code, out: one.stdout, err: one.stderr };
}

describe('the state of a running service', () => {
  it('is listed by rule, with groups, entries and memory', async () => {
    const { status, body } = await ask('/api/state');
    expect([status, body['snapshot']]).toMatchObject([200, { savedMs: expect.any(Number) }]);
    expect(body['rules']).toContainEqual(
      expect.objectContaining({ engine: 'correlation', rule: MANY_FAILED, name: 'Many failed', groups: 3, entries: 6 }),
    );
    const { code, out } = await cli('ls');
    expect([code, out.includes(MANY_FAILED), out.includes('flux')]).toEqual([0, true, true]);
    expect(total(await flint.metrics(), 'flint_state_groups', MANY_FAILED)).toBe(3);
  });

  it('shows what is in a window and what it lacks', async () => {
    const { body } = await ask(`/api/state?rule=${MANY_FAILED}&filter=alice`);
    expect(body['groups']).toMatchObject([
      {
        group: { user: 'alice' },
        entries: 2,
        state: 'event_count 2, needs >= 3',
        missing: ['1 more'],
        events: [{ timeMs: Date.parse('2026-03-01T10:00:03Z') }, { timeMs: Date.parse('2026-03-01T10:00:01Z') }],
      },
    ]);
    const { out } = await cli('show', MANY_FAILED, '--filter', 'alice');
    expect(out).toContain('user=alice\n  2 in the window, 2026-03-01T10:00:01.000Z to 2026-03-01T10:00:03.000Z');
    expect(out).toContain('event_count 2, needs >= 3: 1 more');
    // By its title as well.
    const { rules } = (await ask('/api/state')).body as { rules: { rule: string; name: string }[] };
    const title = rules.find(({ rule }) => rule === MANY_FAILED)?.name ?? '';
    expect((await ask(`/api/state?rule=${encodeURIComponent(title.toUpperCase())}&filter=alice`)).body).toMatchObject({
      rule: MANY_FAILED,
      groups: [{ group: { user: 'alice' } }],
    });
    const outer = await ask(`/api/state?rule=${FAILED_THEN_IN}`);
    expect(outer.body['groups']).toMatchObject([
      { group: { user: 'carol' }, missing: ['no match of "22222222-2222-4222-8222-222222222222" in the window'] },
    ]);
  });

  it('is refused kindly', async () => {
    expect(await ask('/api/state?rule=4444')).toMatchObject({ status: 404 });
    expect((await ask('/api/state?limit=0')).body['error']).toContain('no whole number');
    expect((await ask('/api/state?rul=x')).body['error']).toContain('did you mean "rule"?');
    const { code, err } = await cli('show', 'nothing-like-it');
    expect([code, err]).toEqual([2, expect.stringContaining('no windows are kept for a rule "nothing-like-it"')]);
    const silent = new FlintProcess({ args: ['state', 'ls', '--url', 'http://127.0.0.1:9'] });
    expect([(await silent.exited).code, silent.stderr]).toEqual([
      3,
      expect.stringMatching(/no answer from|ENV_SERVICE_SILENT/),
    ]);
  });
});
