/**
 * A disk that fills up under a service with state, and gets room again: the data directory is a small file system of its own, in a mount
 * name space. While it is full nothing is acknowledged that could be lost, what cannot be kept is counted and told, and all goes on by
 * itself afterwards: the destination, which was away all the time, gets every alert once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { WebhookReceiver } from '../../testing/alert-receiver.ts';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', folder.path]).status === 0;
const reason = canMount ? '' : ' (skipped: no file system can be mounted here)';

/** Fills the disk, and frees it again, when a file beside it says so. */
const SCRIPT = `mount -t tmpfs -o size=3m tmpfs "$DISK" || exit 97
( while [ ! -e "$DISK.fill" ]; do sleep 0.05; done
  dd if=/dev/zero of="$DISK/filler" bs=1k 2>/dev/null; : > "$DISK.filled"
  while [ ! -e "$DISK.free" ]; do sleep 0.05; done
  rm "$DISK/filler"; : > "$DISK.freed" ) &
exec "$@"
`;
const RULES = `title: Failed logon
name: failed
id: c1111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
---
title: Many failed logons
id: c2222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 1h, condition: {gte: 3}}
---
title: Bad
id: c3333333-3333-4333-8333-333333333333
logsource: {category: test}
detection: {s: {action: bad}, condition: s}
`;
const EACH = 60;

it.skipIf(!canMount)(`a full disk loses nothing silently${reason}`, { timeout: 90_000 }, async () => {
  const disk = join(folder.path, 'disk');
  mkdirSync(disk);
  writeFileSync(join(folder.path, 'mount.sh'), SCRIPT);
  writeFileSync(join(folder.path, 'rules.yml'), RULES);
  const away = new WebhookReceiver();
  const port = await away.listen();
  await away.close();
  const flint = new FlintProcess({
    node: 'unshare',
    nodeArgs: ['-rm', 'sh', join(folder.path, 'mount.sh'), process.execPath],
    args: [
      ...['run', '--data-dir', join(disk, 'data'), '--http', '127.0.0.1:0', '--rules', join(folder.path, 'rules.yml')],
      ...['--listen', 'http://127.0.0.1:0?logsource=any/test', '--output', `webhook+http://127.0.0.1:${port}/`],
    ],
    env: {
      ...{ DISK: disk, FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_STATE__SNAPSHOT_SECONDS: '0.5' },
      FLINT_ALLOW_PRIVATE_ADDRESSES: 'true',
    },
  });
  const input = `http://127.0.0.1:${await flint.port('http')}/`;
  // Each user fails three times: before, while and after the disk is full.
  const post = async (round: number): Promise<unknown> => {
    const now = new Date().toISOString();
    const lines = Array.from({ length: EACH }, (_, n) =>
      JSON.stringify({
        '@timestamp': now,
        action: n % 2 === 0 ? 'fail' : 'bad',
        user: `u${n}`,
        round,
        x: 'x'.repeat(2000),
      }),
    );
    return (await fetch(input, { method: 'POST', body: lines.join('\n') })).json();
  };
  const counted = async (name: string): Promise<number> => total(await flint.metrics(), name);
  const accepted = { accepted: EACH, dropped: 0 };

  expect(await post(0)).toEqual(accepted);
  await flint.until(async () => (await counted('flint_engine_state_snapshots_total')) > 0, 'a snapshot');
  writeFileSync(`${disk}.fill`, '');
  await flint.until(() => existsSync(`${disk}.filled`), 'the full disk');

  let isAnswered = false;
  const second = post(1).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await flint.until(async () => (await counted('flint_engine_evidence_failed_events')) > 0, 'counted evidence');
  await flint.until(async () => (await counted('flint_sink_errors_total')) > 0, 'counted failures of the queue');
  await flint.logged('events for later alerts cannot be written', ({ reason }) => reason === 'ENOSPC');
  await flint.logged('queue directory cannot be written, alerts wait in memory');
  await pause(300);
  expect(isAnswered).toBe(false);

  writeFileSync(`${disk}.free`, '');
  await flint.until(() => existsSync(`${disk}.freed`), 'room');
  expect(await second).toEqual(accepted);
  expect(await post(2)).toEqual(accepted);
  const savedMs = await counted('flint_engine_state_saved_milliseconds');
  await flint.until(async () => (await counted('flint_engine_state_saved_milliseconds')) > savedMs, 'a later snapshot');

  const webhook = new WebhookReceiver();
  await webhook.listen(port);
  const titles = (): string[] =>
    webhook.lines.map((line) => (JSON.parse(line) as { rule: { name: string } }).rule.name);
  await flint.until(() => webhook.lines.length >= 2 * EACH, 'all alerts', 30_000);
  expect(await flint.stop()).toEqual({ code: 0, signal: null });
  await webhook.close();
  const ids = new Set(webhook.lines.map((line) => (JSON.parse(line) as { event: { id: string } }).event.id));
  expect([titles().length, ids.size]).toEqual([2 * EACH, 2 * EACH]);
  expect(titles().filter((title) => title === 'Many failed logons').length).toBe(EACH / 2);
  expect(flint.stderr).not.toContain('garbage collection');
});
