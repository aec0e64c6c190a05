/**
 * Benchmark of STIX patterns. `vectors`: the pattern vectors of the shared data, parsed and matched, by Flint and by the matcher of OASIS
 * (stix2-matcher, Python), both in this run, round by round, with the ratio; their answers are compared. `stream`: the way of `flint scan` over the
 * event files of the shared data with 10,000 indicators and 5,000 complex patterns, as a share of its speed with the indicators alone. Times are
 * processor time.
 *
 * Run: npm run build && node scripts/bench.mjs patterns [vectors|stream]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { EventValue } from '../src/core/event.ts';
import { buildGeneration } from '../src/engine/build-generation.ts';
import type { Generation } from '../src/engine/generation.ts';
import { listFiles } from '../src/engine/files/list-files.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { type MatchOutcome, testPatterns } from '../src/engine/rules/pattern-test.ts';
import { scanFiles } from '../src/engine/files/scan-files.ts';
import { installOasisPython, oasisPython } from '../src/testing/oasis-python.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { complexPatterns, writePatternBundle } from './pattern-sets.ts';

const ROUNDS = 3;
const PATTERNS = 5_000;
const COPIES = 10;
const FILES = ['attack-mix', 'background-contiguous', 'zeek-apt29-day1'];

const MATCHER = `
import json, sys, time
from stix2matcher.matcher import match
document = json.load(open(sys.argv[1]))
out, cpu = {}, 0.0
for vector in document['vectors']:
    observations = document['fixtures'][vector['observations']]
    version = '2.1' if vector['spec'] == '2.1' else '2.0'
    began = time.process_time()
    try:
        answer = bool(match(vector['pattern'], observations, stix_version=version))
    except Exception:
        answer = None
    cpu += time.process_time() - began
    out[vector['id']] = answer
print(json.dumps({'cpu': cpu, 'answers': out}))
`;

function processorSeconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(52)} ${text}\n`);
}

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly expect: boolean | null;
}

function vectors(): void {
  const missing = installOasisPython();
  if (missing !== '') throw new Error(missing);
  const all = JSON.parse(readFileSync(sharedData('stix', 'pattern-vectors.json'), 'utf8')) as {
    readonly fixtures: unknown;
    readonly vectors: readonly Vector[];
  };
  const document = { fixtures: all.fixtures, vectors: all.vectors.filter(({ kind }) => kind === 'match') };
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  const file = join(folder, 'vectors.json');
  writeFileSync(file, JSON.stringify(document));
  const seconds = { flint: [] as number[], oasis: [] as number[] };
  let same = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const python = spawnSync(oasisPython(), ['-c', MATCHER, file], { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (python.status !== 0) throw new Error(python.stderr);
    const { cpu, answers } = JSON.parse(python.stdout) as { cpu: number; answers: Record<string, boolean | null> };
    seconds.oasis.push(cpu);
    const began = process.cpuUsage();
    const outcomes = [...(testPatterns(document as unknown as EventValue) ?? [])] as MatchOutcome[];
    seconds.flint.push(processorSeconds(began));
    const right = document.vectors.filter(({ expect }, i) => outcomes[i]?.result === expect).length;
    if (right !== document.vectors.length) throw new Error(`${right} of ${document.vectors.length} are as expected`);
    same = outcomes.filter(({ id, result }) => answers[id] === result).length;
  }
  rmSync(folder, { recursive: true });
  const [flint, oasis] = [Math.min(...seconds.flint), Math.min(...seconds.oasis)];
  const count = document.vectors.length;
  print('vectors, parsed and matched', `${count}; ${same} answered alike`);
  print('matcher of OASIS 3.0.0 (Python)', `${(count / oasis).toFixed(0)} patterns/s`);
  print('Flint', `${(count / flint).toFixed(0)} patterns/s`);
  print('ratio', (oasis / flint).toFixed(1));
}

async function generationWith(folder: string, patterns: readonly string[]): Promise<Generation> {
  const bundle = join(folder, `patterns-${patterns.length}.json`);
  writePatternBundle(bundle, patterns);
  const loaded = loadConfig({ intel: [bundle, sharedData('iocs', 'iocs-10k.tsv')] }, {});
  const generation = await buildGeneration(loaded, { mode: 'scan', report: () => undefined, keepOriginal: false });
  const bad = generation.diagnostics.filter(({ severity }) => severity === 'error');
  if (bad.length > 0) throw new Error(bad[0]?.message);
  return generation;
}

async function scanOnce(
  generation: Generation,
  path: string,
): Promise<{ seconds: number; records: number; alerts: number }> {
  let alerts = 0;
  const began = process.cpuUsage();
  const summary = await scanFiles(listFiles([path]), generation, {
    ...{ maxRecordBytes: 1 << 24, timezone: 'UTC', now: Date.now },
    inflate: { maxBytes: Number.MAX_SAFE_INTEGER, maxRatio: 10_000, maxWindowBytes: 1 << 27 },
    onFound: async (found) => {
      alerts += found.length;
    },
    onProgress: () => undefined,
    onDiagnostic: () => undefined,
  });
  return { seconds: processorSeconds(began), records: summary.records, alerts };
}

async function stream(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  const few = await generationWith(folder, ["[domain-name:value = 'not-there.example']"]);
  const sets = [
    { name: 'of all kinds', generation: await generationWith(folder, complexPatterns(PATTERNS)) },
    { name: 'with tokens', generation: await generationWith(folder, complexPatterns(PATTERNS, 'tokens')) },
  ];
  for (const { name, generation } of sets) {
    const { witnesses, unwitnessed, size } = generation.rules.patternSet.layers;
    const tokens = witnesses.filter((one) => one.tokens !== undefined).length;
    print(
      `patterns ${name}`,
      `${size}; ${witnesses.length} with a witness, ${tokens} with tokens, ${unwitnessed.length} without`,
    );
  }
  for (const name of FILES) {
    const file = join(folder, `${name}.ndjson`);
    const content = gunzipSync(readFileSync(sharedData('events', `${name}.ndjson.gz`)));
    // Long enough that what is left over from compiling does not count.
    writeFileSync(file, Buffer.concat(Array.from({ length: COPIES }, () => content)));
    let without = Number.POSITIVE_INFINITY;
    const runs = sets.map((set) => ({ ...set, seconds: Number.POSITIVE_INFINITY, records: 0, alerts: 0 }));
    for (let round = 0; round < ROUNDS; round++) {
      without = Math.min(without, (await scanOnce(few, file)).seconds);
      for (const run of runs) {
        const { seconds, records, alerts } = await scanOnce(run.generation, file);
        Object.assign(run, { seconds: Math.min(run.seconds, seconds), records, alerts });
      }
    }
    for (const { name: kind, generation, seconds, records, alerts } of runs) {
      const { evaluated = 0, events = 0 } = generation.rules.patterns?.counts ?? {};
      print(
        `${name}, ${kind}: ${records} events, ${alerts} alerts`,
        `${Math.round(records / without)} events/s without, ${Math.round(records / seconds)} with: ${((100 * without) / seconds).toFixed(0)} %` +
          ` (decoded ${events}, evaluated ${evaluated} so far)`,
      );
    }
  }
  rmSync(folder, { recursive: true });
}

const [only] = process.argv.slice(2);
print('machine', `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
if (only !== 'stream') vectors();
if (only !== 'vectors') await stream();
