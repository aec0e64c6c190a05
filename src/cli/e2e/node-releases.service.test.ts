/**
 * Newer releases of Node.js: the whole program runs, and from 22.12 each worker receives datagrams on a socket of its own. Numbered
 * datagrams from many senders, each of which matches: what came in is told by the alerts.
 */
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../core/alert.ts';
import { findSockets } from '../../inputs/udp-kernel-drops.ts';
import { FLINT_MAIN, FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';
import { nodeRelease } from '../../testing/node-release.ts';

const SENDERS = 32;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const root = new URL('../../../', import.meta.url).pathname;
const intel = join(folder.path, 'names.txt');
writeFileSync(intel, 'bad.example.net\n');

/** Of a text that may end within a line that is still being written. */
const alertsOf = (text: string): Alert[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Alert);

/** Ids and places of alerts: all that does not depend on the clock. */
const keysOf = (text: string): string[] =>
  alertsOf(text).map(({ event, flint }) => JSON.stringify([event.id, flint.input]));

for (const major of ['22', '24']) {
  const { path: node, reason } = nodeRelease(major);
  const title = `Node.js ${major}${reason === '' ? '' : ` (skipped: ${reason})`}`;
  describe.skipIf(reason !== '')(title, { timeout: 120_000 }, () => {
    const args = ['scan', 'samples/logs', '--intel', 'samples/intel', '--json', '-q', '--workers', '2'];
    const scan = (program: string): string =>
      spawnSync(program, [FLINT_MAIN, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;

    it('scans as this Node.js does', () => {
      const own = keysOf(scan(process.execPath));
      expect(own.length).toBeGreaterThan(10);
      expect(keysOf(scan(node))).toEqual(own);
    });

    it('spreads many senders over one socket for each worker, and loses nothing', async () => {
      const flint = start(node, 'spread', ['--listen', 'gelf+udp://127.0.0.1:0']);
      const senders = openSenders();
      try {
        const port = await flint.port('gelf');
        await flint.logged('ready');
        expect(socketsOn(port)).toBe(2);
        const sent = await send(senders, port, 0, 20);
        await flint.until(() => numbersOf(flint).length >= sent, 'all alerts');
        await settled(flint, sent);
        const numbers = numbersOf(flint);
        expect(new Set(numbers).size).toBe(sent);
        expect(numbers.length).toBe(sent);
        // Each socket numbers its own records.
        const first = alertsOf(flint.stdout).filter(({ flint: { input } }) => input.record === 0);
        expect(first.length).toBe(2);
        const metrics = await flint.metrics();
        const counted = (name: string): number =>
          [...metrics]
            .filter(([key]) => key.startsWith(`flint_input_${name}`))
            .reduce((sum, [, value]) => sum + value, 0);
        expect(counted('received_records_total')).toBe(counted('settled_records_total') + counted('dropped_total'));
      } finally {
        for (const socket of senders) socket.close();
        expect((await flint.stop()).code).toBe(0);
      }
    });

    it('goes over to the workers of a new generation while datagrams come, and takes what waits when it stops', async () => {
      const flint = start(node, 'reload', ['--listen', 'gelf+udp://127.0.0.1:0']);
      const senders = openSenders();
      let sent = 0;
      try {
        const port = await flint.port('gelf');
        await flint.logged('ready');
        for (let reload = 1; reload <= 2; reload++) {
          flint.signal('SIGHUP');
          const isReloaded = (): boolean => flint.log.filter(({ message }) => message === 'reloaded').length >= reload;
          let isOver = false;
          const over = flint.until(isReloaded, `reload ${reload}`, 45_000).finally(() => {
            isOver = true;
          });
          while (!isOver) {
            sent += await send(senders, port, sent, 1);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          await over;
          sent += await send(senders, port, sent, 2);
          expect(socketsOn(port)).toBe(2);
        }
        expect(sent).toBeGreaterThan(5 * SENDERS);
      } finally {
        for (const socket of senders) socket.close();
        // At once: what is still in the receive buffers must not be lost.
        expect((await flint.stop()).code).toBe(0);
      }
      const numbers = numbersOf(flint);
      expect(new Set(numbers).size).toBe(sent);
      expect(numbers.length).toBe(sent);
    });

    it('counts over the sockets of all workers, for rules that keep state', async () => {
      const rules = join(folder.path, 'counts.yml');
      writeFileSync(rules, COUNTING_RULES);
      const flint = start(node, 'state', ['--rules', rules, '--listen', 'json+udp://127.0.0.1:0?logsource=any/test']);
      const senders = openSenders();
      try {
        const port = await flint.port('json');
        await flint.logged('ready');
        await send(senders, port, 0, 1);
        await flint.until(() => /"engine":"correlation"/.test(flint.stdout), 'the alert of the correlation');
        const counts = alertsOf(flint.stdout).flatMap(({ flint: { engine, count } }) =>
          engine === 'correlation' ? [count] : [],
        );
        expect(counts[0]).toBe(SENDERS);
      } finally {
        for (const socket of senders) socket.close();
        expect((await flint.stop()).code).toBe(0);
      }
    });

    it('refuses a port that another program has, and keeps one socket when asked to', async () => {
      const first = start(node, 'first', ['--listen', 'json+udp://127.0.0.1:0?sockets=one']);
      try {
        const port = await first.port('json');
        expect(socketsOn(port)).toBe(1);
        const second = start(node, 'second', ['--listen', `json+udp://127.0.0.1:${port}`]);
        expect((await second.exited).code).toBe(3);
        expect(second.stderr).toContain(`address "127.0.0.1:${port}" is already in use`);
      } finally {
        await first.stop();
      }
      const shared = start(node, 'shared', ['--listen', 'json+udp://127.0.0.1:0']);
      try {
        const port = await shared.port('json');
        expect(socketsOn(port)).toBe(2);
        const second = start(node, 'third', ['--listen', `json+udp://127.0.0.1:${port}`]);
        expect((await second.exited).code).toBe(3);
        expect(second.stderr).toContain(`address "127.0.0.1:${port}" is already in use`);
      } finally {
        await shared.stop();
      }
    });
  });
}

const COUNTING_RULES = `title: Something happened
name: something
id: c1111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
---
title: Much happened
id: c2222222-2222-4222-8222-222222222222
correlation:
  type: event_count
  rules: [something]
  group-by: [user]
  timespan: 10m
  condition: {gte: ${SENDERS}}
`;

function start(node: string, name: string, args: readonly string[]): FlintProcess {
  return new FlintProcess({
    node,
    args: [
      ...['run', '--intel', intel, '--output', 'stdout:', '--workers', '2', '--http', '127.0.0.1:0', ...args],
      ...['--data-dir', join(folder.path, `${name}-${process.pid}-${Date.now()}`)],
    ],
    cwd: folder.path,
    env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0' },
  });
}

function openSenders(): readonly Socket[] {
  return Array.from({ length: SENDERS }, () => createSocket('udp4'));
}

/** So many datagrams from each sender, numbered from `first`; resolves with how many were sent. */
async function send(senders: readonly Socket[], port: number, first: number, rounds: number): Promise<number> {
  for (let round = 0; round < rounds; round++) {
    const sending = senders.map((socket, i) => {
      const n = first + round * senders.length + i;
      const text = JSON.stringify({ n: `number-${n}`, action: 'fail', user: 'u', host: 'bad.example.net' });
      return new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
    });
    await Promise.all(sending);
  }
  return rounds * senders.length;
}

function numbersOf(flint: FlintProcess): readonly string[] {
  return alertsOf(flint.stdout).flatMap(({ event, threat }) =>
    threat?.indicator === undefined ? [] : [/number-\d+/.exec(event.original ?? '')?.[0] ?? 'none'],
  );
}

/** Workers tell what they have counted once a second. */
async function settled(flint: FlintProcess, sent: number): Promise<void> {
  await flint.until(async () => {
    const metrics = await flint.metrics();
    return [...metrics].some(([key, value]) => key.startsWith('flint_input_settled_records_total') && value >= sent);
  }, 'the counters of the workers');
}

function socketsOn(port: number): number {
  return findSockets(readFileSync('/proc/net/udp', 'latin1'), port, undefined).length;
}
