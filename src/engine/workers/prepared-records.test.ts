/** What workers prepare and the owner of the state completes is what one thread finds that does everything: random logs, every kind of state. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordBatch, RecordSource } from '../../core/record.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { PROCESS_RULES, processLog } from '../../testing/process-log.ts';
import { Random } from '../../testing/random.ts';
import { statefulSetup } from '../../testing/stateful-events.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Generation } from '../generation.ts';
import { witnessTables } from '../intel/compiled-tables.ts';
import { createMatching, type Matching } from '../matching-parts.ts';
import type { Finding } from '../../alerts/finding.ts';
import { readRuleTexts } from '../rules/rule-texts.ts';
import { scannersFor } from './scanner-areas.ts';

const SEED = 20260302;
const WORKERS = 3;
const folder = mkdtempSync(join(tmpdir(), 'flint-prepared-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Setup {
  readonly rules: readonly string[];
  readonly intel?: readonly string[];
  readonly flux?: readonly string[];
  readonly logsource?: string;
  /** Correlations are to be told of some records by their bytes. */
  readonly isRead?: boolean;
}

type Loaded = ReturnType<typeof loadConfig>;

const load = ({ rules, intel = [], flux = [] }: Setup): Loaded =>
  loadConfig({ rules, intel, flux, ...(flux.length > 0 && { fluxGroup: 'host' }) }, {});

const generationOf = (loaded: Loaded): Promise<Generation> =>
  buildGeneration(loaded, { mode: 'scan', report: () => undefined, workers: WORKERS + 1, moreThreads: 'at once' });

/** A worker's matching, as its thread makes it, on this thread. */
function workerOf(loaded: Loaded, { intel, rules, processor: { sieveShare: sieve } }: Generation): Matching {
  const witnesses = witnessTables(new ScanMemory(), intel.indicators, intel.extra, 0);
  const { texts } = readRuleTexts(loaded, intel, 'ordered');
  return createMatching(
    { indicators: intel.indicators, benign: intel.benign.table, scanner: scannersFor(witnesses, 1, 1 << 20)[0] },
    {
      ...{
        limits: { maxDepth: loaded.config.limits.json_depth },
        validity: 'mark',
        clampTime: false,
        timeFields: [],
        keyMap: [],
      },
      ...{ keepOriginal: true, maxAlerts: 100, firstHit: false, archives: false, rules: { ...texts, sigma: [] } },
    },
    () => undefined,
    { isWorker: true, sigma: rules.portable(), ...(sieve !== undefined && { sieve }) },
  );
}

function batchesOf(lines: readonly string[], random: Random, logsource: string | undefined): RecordBatch[] {
  const id = { input: 'test', path: 'a.ndjson', id: 'file-a', replayable: true, timezone: 'Z' };
  const source: RecordSource = logsource === undefined ? id : { ...id, logsource };
  const batches: RecordBatch[] = [];
  let position = 0;
  for (let from = 0; from < lines.length; ) {
    const some = lines.slice(from, from + 1 + random.int(60));
    const ranges = new Uint32Array(2 * some.length);
    let at = 0;
    for (const [i, line] of some.entries()) {
      ranges.set([at, at + line.length - 1], 2 * i);
      at += line.length;
    }
    batches.push({
      ...{ source, bytes: Buffer.from(some.join('')), count: some.length, ranges },
      ...{ basePosition: position, baseRecord: from, arrivalMs: 1 },
      lines: Float64Array.from(some, (_, i) => from + i + 1),
    });
    position += at;
    from += some.length;
  }
  return batches;
}

const alertsOf = (found: readonly Finding[]): string[] => found.map(({ alert }) => JSON.stringify(alert));

async function compare(setup: Setup, lines: readonly string[], random: Random): Promise<readonly Finding[]> {
  const loaded = load(setup);
  const batches = batchesOf(lines, random, setup.logsource);
  const alone = await generationOf(loaded);
  const one = batches.flatMap((batch) => alone.processor.process(batch, 1));
  one.push(...alone.end(1));
  const owner = await generationOf(loaded);
  const workers = Array.from({ length: WORKERS }, () => workerOf(loaded, owner));
  let left = 0;
  const shared = batches.flatMap((batch) => {
    const { processor } = random.pick(workers);
    expect(processor.process(batch, 1)).toEqual([]);
    const prepared = structuredClone(processor.takePrepared());
    left += prepared.left?.ends.length ?? 0;
    return [...owner.complete(prepared, 1)];
  });
  shared.push(...owner.end(1));
  const known = workers.reduce((sum, { processor }) => sum + (processor.totals.sieved ?? 0), 0);
  if (owner.processor.sieveShare !== undefined && owner.processor.totals.sieved !== 0) {
    // Kinds are learnt by the owner, and the workers go by that.
    expect(left).toBeGreaterThan(0);
    expect(known).toBeGreaterThan(5 * left);
    expect(workers.reduce((sum, { processor }) => sum + (processor.totals.left ?? 0), 0)).toBe(left);
  }
  if (setup.isRead === true)
    for (const { processor } of workers) expect(processor.detector.counts.fromBytes).toBeGreaterThan(lines.length / 30);
  expect(alertsOf(shared), `seed ${random.seed}`).toEqual(alertsOf(one));
  return one;
}

const enginesOf = (found: readonly Finding[]): Set<string> => new Set(found.map(({ match }) => match.engine));

describe('workers and the owner of the state find what one thread finds', () => {
  const rules = join(folder, 'processes.yml');
  writeFileSync(rules, PROCESS_RULES);
  const intel = join(folder, 'names.txt');
  writeFileSync(intel, 'bad.example.net\n');

  it.each([0, 1, 2, 3])('with remembered processes, log %i', async (log) => {
    const random = new Random(SEED + log);
    const found = await compare({ rules: [rules] }, processLog(random, 1500), random);
    expect(enginesOf(found)).toEqual(new Set(['sigma', 'correlation']));
    // Every rule that asks memory was answered.
    const names = new Set(found.map(({ alert }) => alert.rule.name));
    for (const name of ['Grandchild of an office program', 'Audited child of a shell', 'A word anywhere'])
      expect(names, name).toContain(name);
  });

  it('with indicators beside them, and where no sieve reads the records', async () => {
    const random = new Random(SEED);
    const setup = { rules: [rules], intel: [intel] };
    expect(enginesOf(await compare(setup, processLog(random, 1500), random))).toContain('indicator');
    await compare({ ...setup, logsource: '*/*/*' }, processLog(random, 800), random);
  });

  it.each([false, true])(
    'with correlations that are told of records by their bytes; processes: %s',
    async (processes) => {
      const random = new Random(SEED);
      const { args, lines } = statefulSetup(folder, SEED, 2000);
      const path = join(folder, `correlations-${processes}.yml`);
      // The last rule asks for parents, of processes alone or of none.
      const all = readFileSync(args[1] ?? '', 'utf8').split('---\n');
      const last = (all.pop() ?? '').replace('category: test', 'category: process_creation');
      writeFileSync(path, [...all, ...(processes ? [last] : [])].join('---\n'));
      const setup = { rules: [path], logsource: 'any/test', isRead: true };
      expect(enginesOf(await compare(setup, lines, random))).toContain('correlation');
    },
  );

  it('with correlations, flux and patterns over several observations', async () => {
    const random = new Random(SEED);
    const { args, lines } = statefulSetup(folder, SEED, 3000);
    const [, states = '', , flux = '', , , , patterns = ''] = args;
    const setup = { rules: [states], flux: [flux], intel: [patterns], logsource: 'any/test' };
    expect(enginesOf(await compare(setup, lines, random))).toEqual(
      new Set(['sigma', 'correlation', 'flux', 'pattern']),
    );
  });
});
