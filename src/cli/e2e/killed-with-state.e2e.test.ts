/**
 * State survives kill -9 at any moment: a service with correlations, flux specifications and STIX patterns over several observations follows a
 * growing file and is killed at random moments, also in the middle of snapshots and of reloads with another lateness or memory, for which all
 * state goes through a snapshot. The alerts of all its lives together have exactly the ids
 * of a run that nobody disturbed, and say the same wherever one was said twice.
 *
 * It is killed 8 times, by night 200 (FLINT_ROUNDS); FLINT_SEED repeats a run.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';
import { Random } from '../../testing/random.ts';
import { statefulSetup } from '../../testing/stateful-events.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const ROUNDS = testRounds(8, 200);
const SEED = testSeed();
const LINES_PER_ROUND = 150;
const PAIRS_PER_ROUND = 10;
const END = 'end-of-log.example.com';

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Said {
  readonly event: { readonly id: string; readonly original?: string };
  readonly rule: { readonly name: string };
  readonly flint: { readonly engine: string; readonly events?: unknown; readonly count?: number };
}

function alertsIn(path: string): readonly Said[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Said);
}

describe(`a service with state, killed ${ROUNDS} times at random (seed ${SEED})`, () => {
  it(
    'gives the alerts of an undisturbed run',
    async () => {
      const random = new Random(SEED);
      const setup = statefulSetup(folder.path, SEED, LINES_PER_ROUND * (ROUNDS + 1));
      const list = join(folder.path, 'end.txt');
      writeFileSync(list, `${END}\n`);
      const log = join(folder.path, 'events.ndjson');
      const config = join(folder.path, 'flint.yaml');
      // The log has nothing later than 20 s: no alert depends on which of them holds.
      const reconfigure = (): void =>
        writeFileSync(
          config,
          `state: {lateness_seconds: ${random.pick([30, 60, 90])}}\nflux_memory: {bytes: ${random.pick([1, 2]) << 28}}\n`,
        );
      reconfigure();
      const start = (name: string): FlintProcess =>
        new FlintProcess({
          args: [
            ...['run', '-c', config, '--data-dir', join(folder.path, name), '--http', '127.0.0.1:0', '--intel', list],
            ...[
              '--listen',
              `file:${log}?poll_ms=10&logsource=any/test`,
              '--output',
              `file:${join(folder.path, `${name}.ndjson`)}`,
            ],
            ...setup.args,
          ],
          env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_STATE__SNAPSHOT_SECONDS: '0.3' },
        });
      writeFileSync(log, setup.lines.slice(0, 20).join(''));
      let written = 20;
      const write = (count: number): void => {
        appendFileSync(log, setup.lines.slice(written, written + count).join(''));
        written += count;
      };
      let restores = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const flint = start('killed');
        if (random.chance(0.8)) await flint.logged('ready');
        const untilMs = Date.now() + random.int(2500);
        while (Date.now() < untilMs) {
          if (written < (round + 1) * LINES_PER_ROUND) write(1 + random.int(8));
          await pause(random.int(40));
          if (!random.chance(0.03)) continue;
          reconfigure();
          flint.signal('SIGHUP');
        }
        flint.signal('SIGKILL');
        await flint.exited;
        if (existsSync(join(folder.path, 'killed', 'state', 'snapshots', 'manifest'))) restores++;
      }
      write(setup.lines.length - written);
      // Windows that are judged when they close, which depends on the lateness: behind this all are over, whatever it is.
      for (const user of setup.users)
        appendFileSync(
          log,
          `${JSON.stringify({ '@timestamp': '2026-03-01T20:00:00Z', action: 'get', user, host: 'h0', size: 0 })}\n`,
        );
      appendFileSync(log, `${JSON.stringify({ '@timestamp': '2026-03-02T10:00:00Z', host: 'end', domain: END })}\n`);
      const names = ['killed', 'undisturbed'];
      for (const name of names) {
        const flint = start(name);
        await flint.logged('ready');
        const path = join(folder.path, `${name}.ndjson`);
        await flint.until(
          () => existsSync(path) && readFileSync(path, 'utf8').includes(END),
          'the end of the log',
          30_000 + ROUNDS * 1_000,
        );
        const savedMs = total(await flint.metrics(), 'flint_engine_state_saved_milliseconds');
        if (name === 'killed') expect(savedMs).toBeGreaterThan(0);
        const exit = await flint.stop();
        expect(exit, flint.tail()).toEqual({ code: 0, signal: null });
      }
      expect(restores).toBeGreaterThan(0);
      const [killed = [], undisturbed = []] = names.map((name) => alertsIn(join(folder.path, `${name}.ndjson`)));
      const describeAlert = ({ event, rule, flint }: Said): string =>
        `${event.id} ${rule.name} ${flint.engine} ${JSON.stringify(flint.events)} ${flint.count}`;
      const engines = new Set(undisturbed.map(({ flint }) => flint.engine));
      expect([...engines].sort()).toEqual(['correlation', 'flux', 'indicator', 'pattern', 'sigma']);
      expect(undisturbed.some(({ rule }) => rule.name === 'Child of evil')).toBe(true);
      expect(new Set(undisturbed.map(({ event }) => event.id)).size).toBe(undisturbed.length);
      expect([...new Set(killed.map(describeAlert))].sort()).toEqual(undisturbed.map(describeAlert).sort());
    },
    60_000 + ROUNDS * 8_000,
  );
});

describe('an input that cannot be read again', () => {
  it('loses nothing that it acknowledged: state is made anew from the evidence log, and shows the events', async () => {
    const setup = statefulSetup(join(folder.path), 1, 0);
    const start = (): FlintProcess =>
      new FlintProcess({
        args: [
          ...['run', '--data-dir', join(folder.path, 'http'), '--http', '127.0.0.1:0', ...setup.args],
          ...['--listen', 'http://127.0.0.1:0?logsource=any/test', '--output', 'stdout:'],
        ],
        env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_STATE__SNAPSHOT_SECONDS: '3600' },
      });
    const post = async (flint: FlintProcess, second: number): Promise<number> => {
      const action = second === 4 ? 'login' : 'fail';
      const event = { '@timestamp': `2026-03-01T10:00:0${second}Z`, action, user: 'eve', host: 'h', n: second };
      const body = `${JSON.stringify(event)}\n`;
      const answer = await fetch(`http://127.0.0.1:${await flint.port('http')}/`, { method: 'POST', body });
      return answer.status;
    };
    for (let second = 1; second <= 2; second++) {
      const flint = start();
      await flint.logged('ready');
      expect(await post(flint, second)).toBe(200);
      flint.signal('SIGKILL');
      await flint.exited;
    }
    const third = start();
    await third.logged('ready');
    expect(total(await third.metrics(), 'flint_engine_state_replayed_events_total')).toBe(1);
    for (const second of [3, 4]) expect(await post(third, second)).toBe(200);
    await third.until(() => third.stdout.includes('Failed then in'), 'the correlation alert');
    const alerts = third.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Said]));
    const times = (alerts.find(({ rule }) => rule.name === 'Failed then in')?.flint.events ?? []) as {
      '@timestamp': string;
      original?: string;
    }[];
    expect(times.map((event) => [event['@timestamp'], JSON.parse(event.original ?? '{}').n])).toEqual(
      [1, 2, 3, 4].map((second) => [`2026-03-01T10:00:0${second}.000Z`, second]),
    );
    await third.stop();
  });

  it(
    'loses no half of a pair, however often it is killed while events are posted',
    async () => {
      const random = new Random(SEED + 1);
      const pairs = PAIRS_PER_ROUND * ROUNDS;
      const setup = statefulSetup(folder.path, SEED, 0);
      const alerts = join(folder.path, 'pairs.ndjson');
      const at = (i: number): string => new Date(Date.parse('2026-03-01T10:00:00Z') + 500 * i).toISOString();
      // Twenty events and ten seconds lie between the halves, so that most pairs see a kill; the chain of flux may take 50 s.
      const events = Array.from({ length: pairs + 20 }, (_, i) => [
        ...(i < pairs ? [{ '@timestamp': at(i), action: 'fail', user: `u${i}`, host: `h${i % 7}`, n: i }] : []),
        ...(i >= 20
          ? [{ '@timestamp': at(i), action: 'get', user: `u${i - 20}`, host: `h${(i - 20) % 7}`, size: 1 }]
          : []),
      ]).flat();
      let sent = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const flint = new FlintProcess({
          args: [
            ...['run', '--data-dir', join(folder.path, 'pairs'), '--http', '127.0.0.1:0', ...setup.args],
            ...['--listen', 'http://127.0.0.1:0?logsource=any/test', '--output', `file:${alerts}`],
          ],
          env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_STATE__SNAPSHOT_SECONDS: '0.2' },
        });
        const port = await flint.port('http');
        const last = round === ROUNDS - 1;
        const kill = setTimeout(() => flint.signal('SIGKILL'), last ? 2 ** 31 - 1 : 100 + random.int(1200));
        const end = Math.ceil((events.length * (round + 1)) / ROUNDS);
        while (sent < end && flint.running) {
          const batch = events.slice(sent, Math.min(end, sent + 1 + random.int(5)));
          const body = batch.map((event) => `${JSON.stringify(event)}\n`).join('');
          try {
            const { status } = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
            if (status === 200) sent += batch.length;
            else await pause(20);
          } catch {
            // Killed before it answered: a client sends it again.
            break;
          }
        }
        if (last) await flint.stop();
        await flint.exited;
        clearTimeout(kill);
      }
      expect(sent).toBe(events.length);
      const users = new Set(
        alertsIn(alerts).flatMap(({ rule, event }) =>
          rule.name === 'chain' ? [(JSON.parse(event.original ?? '{}') as { user: string }).user] : [],
        ),
      );
      expect(users.size).toBe(pairs);
    },
    60_000 + ROUNDS * 8_000,
  );

  it('remembers the processes it was told of', async () => {
    const rules = join(folder.path, 'parent.yml');
    writeFileSync(
      rules,
      `title: Child of evil
id: 6f5a1d3c-0c0e-4a35-9d5e-0f0a6f1c2b01
logsource: { product: windows, category: process_creation }
detection:
  sel: { ParentCommandLine: evil.exe, Image|endswith: child.exe }
  condition: sel
`,
    );
    const start = (): FlintProcess =>
      new FlintProcess({
        args: [
          ...['run', '--data-dir', join(folder.path, 'processes'), '--http', '127.0.0.1:0', '--rules', rules],
          ...['--listen', 'http://127.0.0.1:0', '--output', 'stdout:'],
        ],
        env: { FLINT_STATE__SNAPSHOT_SECONDS: '3600' },
      });
    const post = async (flint: FlintProcess, second: number, pid: number, parent: number, name: string) => {
      const event = {
        ...{ Channel: 'Security', Provider_Name: 'Microsoft-Windows-Security-Auditing', EventID: 4688, Hostname: 'h' },
        ...{ '@timestamp': `2026-03-01T10:00:0${second}Z`, NewProcessName: `C:\\${name}`, CommandLine: name },
        ...{ NewProcessId: `0x${pid.toString(16)}`, ProcessId: `0x${parent.toString(16)}` },
      };
      const body = `${JSON.stringify(event)}\n`;
      const answer = await fetch(`http://127.0.0.1:${await flint.port('http')}/`, { method: 'POST', body });
      expect(answer.status).toBe(200);
    };
    const first = start();
    await first.logged('ready');
    // The first record of a kind is decoded in any case.
    await post(first, 1, 100, 4, 'init.exe');
    await post(first, 2, 200, 100, 'evil.exe');
    first.signal('SIGKILL');
    await first.exited;
    const second = start();
    await second.logged('ready');
    await post(second, 3, 300, 200, 'child.exe');
    await second.until(() => second.stdout.includes('Child of evil'), 'the alert of the child');
    await second.stop();
  });
});
