/**
 * `scan` with 1, 2 and 4 workers where rules keep state: correlations, flux, patterns over several observations, remembered processes. The
 * alerts are the same to the last field and in the same order. One worker is the measure: it sees every record in its turn.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../testing/flint-process.ts';
import { AUDIT_RULES, auditLog, PROCESS_RULES, processLog } from '../../testing/process-log.ts';
import { scanOnThreads } from '../../testing/scan-on-threads.ts';
import { Random } from '../../testing/random.ts';
import { statefulSetup } from '../../testing/stateful-events.ts';

const SEED = 20260301;
/** More than one range of 4 MiB. */
const PROCESS_LINES = 8000;
const STATE_LINES = 6000;
const LINE_CHARACTERS = 800;

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Found {
  readonly alerts: readonly string[];
  readonly engines: ReadonlyMap<string, number>;
}

async function scan(args: readonly string[], workers: number): Promise<Found> {
  const run = await scanOnThreads(args, workers, folder.path);
  expect(run.status, run.stderr).toBe(0);
  const engines = new Map<string, number>();
  const alerts = run.stdout.split('\n').filter(Boolean);
  const plain = alerts.map((line) => {
    const alert = JSON.parse(line) as { event: Record<string, unknown>; flint: { engine: string } };
    engines.set(alert.flint.engine, (engines.get(alert.flint.engine) ?? 0) + 1);
    // When it was written: the only field that may differ.
    return JSON.stringify({ ...alert, event: { ...alert.event, created: '' } });
  });
  return { alerts: plain, engines };
}

function file(name: string, lines: readonly string[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, lines.join(''));
  return path;
}

async function compare(args: readonly string[], engines: readonly string[]): Promise<void> {
  const one = await scan(args, 1);
  for (const engine of engines) expect(one.engines.get(engine) ?? 0, `${engine}, seed ${SEED}`).toBeGreaterThan(10);
  for (const workers of [2, 4]) expect((await scan(args, workers)).alerts, `seed ${SEED}`).toEqual(one.alerts);
}

// Eighteen scans, of which one test has three: a busy machine takes its time.
describe('the number of workers changes nothing', { timeout: 240_000 }, () => {
  const random = new Random(SEED);
  const processes = file('processes.ndjson', processLog(random, PROCESS_LINES, LINE_CHARACTERS));
  const rules = join(folder.path, 'processes.yml');
  writeFileSync(rules, PROCESS_RULES);
  const intel = join(folder.path, 'names.txt');
  writeFileSync(intel, 'bad.example.net\n');
  const { args, lines } = statefulSetup(folder.path, SEED, STATE_LINES);
  const state = file(
    'state.ndjson',
    lines.map((line) => `${line.trimEnd().slice(0, -1)},"filler":"${'z'.repeat(LINE_CHARACTERS)}"}\n`),
  );

  it('with remembered processes, whose records the event sieve reads', async () => {
    await compare([processes, '--rules', rules], ['sigma', 'correlation']);
  });

  it('with indicators beside them, over several files of which one is compressed', async () => {
    const packed = join(folder.path, 'more.ndjson.gz');
    writeFileSync(packed, gzipSync(processLog(random, 1000).join('')));
    await compare(
      [processes, packed, state, '--rules', rules, '--intel', intel],
      ['sigma', 'correlation', 'indicator'],
    );
  });

  it('with audit records of the same numbers and machines in several files that overlap in time', async () => {
    const audit = join(folder.path, 'audit.yml');
    writeFileSync(audit, AUDIT_RULES);
    const files = Array.from({ length: 5 }, (_, i) => {
      return file(
        `audit-${i}.ndjson`,
        auditLog(random, 400).map((line) => `${line}\n`),
      );
    });
    await compare([...files, '--rules', audit], ['sigma', 'correlation']);
  });

  it('with compressed files that threads take side by side', async () => {
    const each = Math.ceil(lines.length / 5);
    const packed = Array.from({ length: 5 }, (_, i) => {
      const path = join(folder.path, `packed-${i}.ndjson.gz`);
      writeFileSync(path, gzipSync(lines.slice(i * each, (i + 1) * each).join('')));
      return path;
    });
    await compare([...packed, '--logsource', 'any/test', ...args], ['sigma', 'correlation', 'flux', 'pattern']);
  });

  it('with correlations, flux and patterns that see every event', async () => {
    await compare([state, '--logsource', 'any/test', ...args], ['sigma', 'correlation', 'flux', 'pattern']);
  });

  it('with a line in the middle that is no single record', async () => {
    const broken = processLog(random, PROCESS_LINES, LINE_CHARACTERS);
    const at = Math.floor(PROCESS_LINES / 2);
    broken[at] = `${(broken[at] ?? '').trimEnd()} ${broken[at + 1] ?? ''}`;
    await compare([file('broken.ndjson', broken), '--rules', rules], ['sigma', 'correlation']);
  });

  it('and events with their tags come once each, in their order', async () => {
    const all = [state, '--logsource', 'any/test', ...args, '--emit', 'events'];
    const emitted: string[] = [];
    for (const workers of [1, 2, 4]) {
      const run = await scanOnThreads(all, workers, folder.path);
      expect(run.status, run.stderr).toBe(0);
      emitted.push(run.stdout);
    }
    expect(emitted[0]?.split('\n').length).toBe(STATE_LINES + 1);
    expect(emitted[1] === emitted[0] && emitted[2] === emitted[0]).toBe(true);
  });
});
