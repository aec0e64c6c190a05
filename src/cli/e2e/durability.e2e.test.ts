/**
 * What was acknowledged survives: a service that follows a file, or takes HTTP posts, is killed with SIGKILL while its webhook is away,
 * and started again on the same data directory. Compared with a run that nobody disturbed: the same ids, each at least once.
 */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WebhookReceiver } from '../../testing/alert-receiver.ts';
import { FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';

const BAD_NAME = 'bad.example.org';
const folder = temporaryFolder();
const list = join(folder.path, 'list.txt');
writeFileSync(list, `${BAD_NAME}\n`);
afterAll(() => folder.remove());

function start(dataDir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): FlintProcess {
  return new FlintProcess({
    args: ['run', '--data-dir', join(folder.path, dataDir), '--intel', list, '--http', '127.0.0.1:0', ...args],
    env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_ALLOW_PRIVATE_ADDRESSES: 'true', ...env },
  });
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const receiver = new WebhookReceiver();
  const port = await receiver.listen();
  await receiver.close();
  return port;
}

function records(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++)
    text += `${JSON.stringify({ n: i, host: `h${i}`, domain: i % 3 === 0 ? `n${i}.${BAD_NAME}` : 'good.example.com' })}\n`;
  return text;
}

function idsOf(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.map((line) => (JSON.parse(line) as { event: { id: string } }).event.id));
}

async function queued(flint: FlintProcess): Promise<number> {
  return total(await flint.metrics(), 'flint_sink_queue_messages');
}

describe('killed with SIGKILL while the destination is away', () => {
  it('following a file: no record is lost, ids are those of an undisturbed run', async () => {
    const log = join(folder.path, 'events.ndjson');
    const port = await freePort();
    const args = ['--listen', `file:${log}?poll_ms=20`, '--output', `webhook+http://127.0.0.1:${port}/`];
    writeFileSync(log, records(0, 1500));
    const first = start('killed', args);
    await first.until(
      async () => (await first.logged('ready')) !== undefined && (await queued(first)) > 0,
      'a queued alert',
    );
    first.signal('SIGKILL');
    expect((await first.exited).signal).toBe('SIGKILL');
    appendFileSync(log, records(1500, 2400));

    const second = start('killed', args);
    await second.until(async () => (await queued(second)) >= 800, 'the alerts of all records in the queue');
    second.signal('SIGKILL');
    await second.exited;
    appendFileSync(log, records(2400, 3000));

    const webhook = new WebhookReceiver();
    await webhook.listen(port);
    const third = start('killed', args);
    await third.until(() => idsOf(webhook.lines).size >= 1000, 'a thousand different alerts', 30_000);
    expect(await third.stop()).toEqual({ code: 0, signal: null });
    await webhook.close();

    const undisturbed = start('undisturbed', ['--listen', `file:${log}?mode=read`, '--output', 'stdout:']);
    expect(await undisturbed.exited).toEqual({ code: 0, signal: null });
    const expected = idsOf(undisturbed.stdout.split('\n').filter((line) => line !== ''));
    expect(expected.size).toBe(1000);
    expect(idsOf(webhook.lines)).toEqual(expected);
  });

  it('after an HTTP post was answered: its alerts come after the restart', async () => {
    const port = await freePort();
    const args = ['--listen', 'http://127.0.0.1:0', '--output', `webhook+http://127.0.0.1:${port}/`];
    const first = start('http', args);
    await first.logged('ready');
    const answer = await fetch(`http://127.0.0.1:${await first.port('http')}/`, {
      method: 'POST',
      body: records(0, 30),
    });
    first.signal('SIGKILL');
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 30, dropped: 0 }]);
    await first.exited;

    const webhook = new WebhookReceiver();
    await webhook.listen(port);
    const second = start('http', args);
    await second.until(() => webhook.lines.length >= 10, 'the alerts of the post');
    expect(total(await second.metrics(), 'flint_sink_restored_messages_total')).toBe(10);
    await second.stop();
    await webhook.close();
    expect(idsOf(webhook.lines).size).toBe(10);
    expect(webhook.lines.length).toBe(10);
  });
});

describe('suppression', () => {
  it('is kept over restarts, and over SIGKILL once it was written', async () => {
    const log = join(folder.path, 'repeats.ndjson');
    const event = (n: number): string => `${JSON.stringify({ n, host: 'same', domain: BAD_NAME })}\n`;
    const args = ['--listen', `file:${log}?poll_ms=20`, '--output', 'stdout:'];
    const heldBack = async (flint: FlintProcess): Promise<number> =>
      total(await flint.metrics(), 'flint_engine_alerts_held_back');
    writeFileSync(log, event(1) + event(2));
    const first = start('suppressed', args, { FLINT_ALERTS__SUPPRESS_SECONDS: '300' });
    await first.logged('ready');
    await first.until(async () => (await heldBack(first)) === 1, 'the second alert held back');
    await first.stop();
    expect(first.stdout.split('\n').length).toBe(2);

    appendFileSync(log, event(3));
    const second = start('suppressed', args, { FLINT_ALERTS__SUPPRESS_SECONDS: '300' });
    await second.logged('ready');
    await second.until(async () => (await heldBack(second)) === 1, 'the third alert held back');
    // State is written once a second.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    second.signal('SIGKILL');
    await second.exited;

    appendFileSync(log, event(4));
    const third = start('suppressed', args, { FLINT_ALERTS__SUPPRESS_SECONDS: '300' });
    await third.logged('ready');
    await third.until(async () => (await heldBack(third)) === 1, 'the fourth alert held back');
    await third.stop();
    expect(second.stdout + third.stdout).toBe('');
  });
});

describe('a data directory that can no longer be written', () => {
  it('costs neither alerts nor the service: it is counted, told once and shows at the end', async () => {
    const log = join(folder.path, 'away.ndjson');
    writeFileSync(log, records(0, 3));
    const flint = start('away', ['--listen', `file:${log}?poll_ms=20`, '--output', 'stdout:'], {
      FLINT_ALERTS__SUPPRESS_SECONDS: '60',
    });
    const alerts = (): number => idsOf(flint.lines).size;
    await flint.until(async () => alerts() === 1, 'the first alert');
    for (const name of ['positions', 'state'])
      rmSync(join(folder.path, 'away', name), { recursive: true, force: true });
    appendFileSync(log, records(3, 30));
    await flint.until(async () => alerts() === 10, 'alerts without state files');
    await flint.until(
      async () => total(await flint.metrics(), 'flint_engine_state_writes_failed_total') > 2,
      'counted failures',
    );
    expect(flint.stderr.split('a state file cannot be written').length).toBe(2);
    expect((await flint.stop()).code).toBe(0);
  });
});
