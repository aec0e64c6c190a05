/**
 * The three README rules of Flux-Capacitor on Security 4688 events as JSON text, the whole way of `flint scan` from a file to alerts:
 * the records of the development events, repeated as further hosts, so that no process is told of twice. Beside it, interleaved in
 * the same run, a loop that only parses the same records. Rates are by processor time, best of the rounds. Then what the remembered
 * processes take, and a snapshot of them. Fails when records were decoded that need not be, or processes are missing.
 *
 * Run: node scripts/bench.mjs process [copies]
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { buildGeneration } from '../src/engine/build-generation.ts';
import type { Generation } from '../src/engine/generation.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { listFiles } from '../src/engine/files/list-files.ts';
import { scanFiles } from '../src/engine/files/scan-files.ts';
import { sharedData } from '../src/testing/shared-data.ts';

const ROUNDS = 5;
const copies = Number(process.argv[2] ?? 300);

function securityEvents(): string[] {
  const text = gunzipSync(readFileSync(sharedData('events', 'attack-mix.ndjson.gz'))).toString('utf8');
  return text.split('\n').filter((line) => /"EventID": ?"?4688\b/.test(line));
}

function cpuSeconds(run: () => void): number;
function cpuSeconds(run: () => Promise<void>): Promise<number>;
function cpuSeconds(run: () => void | Promise<void>): number | Promise<number> {
  const start = process.cpuUsage();
  const spent = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  const result = run();
  return result === undefined ? spent() : result.then(spent);
}

interface Outcome {
  readonly alerts: number;
  readonly records: number;
  readonly decoded: number;
  readonly processes: number;
  readonly processBytes: number;
}

/** A full snapshot of process memory: its bytes, processor time, and the longest step. */
function takeSnapshot(generation: Generation): {
  readonly bytes: number;
  readonly seconds: number;
  readonly longestMs: number;
} {
  let bytes = 0;
  let longestMs = 0;
  const seconds = cpuSeconds(() => {
    const chunks = generation.rules.processes?.part.snapshot(true)[Symbol.iterator]();
    for (let more = chunks !== undefined; more; ) {
      const start = performance.now();
      const next = chunks?.next();
      longestMs = Math.max(longestMs, performance.now() - start);
      if (next === undefined || next.done === true) more = false;
      else bytes += next.value.bytes.length;
    }
  });
  return { bytes, seconds, longestMs };
}

const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
try {
  const events = securityEvents();
  const raw = events.map((line) => Buffer.from(line));
  const file = join(folder, 'security.ndjson');
  let bytes = 0;
  for (let copy = 0; copy < copies; copy++) {
    const lines = events.map((line) => line.replace(/"Hostname":"([^"]*)"/, `"Hostname":"$1-${copy}"`));
    const text = `${lines.join('\n')}\n`;
    bytes += text.length;
    appendFileSync(file, text);
  }
  const records = copies * events.length;
  /** Parsing keeps nothing, so the records of one copy will do. */
  const repeated = (parse: () => void): void => {
    for (let copy = 0; copy < copies; copy++) parse();
  };

  const open = (): Promise<Generation> => {
    const loaded = loadConfig(
      { rules: [fileURLToPath(new URL('../../../conformance/flux/readme-rules.yml', import.meta.url))], workers: '1' },
      {},
    );
    return buildGeneration(loaded, { mode: 'scan', keepOriginal: true, workers: 1, report: () => {} });
  };
  const scan = async (generation: Generation): Promise<Outcome> => {
    let alerts = 0;
    const summary = await scanFiles(listFiles([file]), generation, {
      maxRecordBytes: 1 << 24,
      timezone: 'Z',
      inflate: { maxBytes: 1e12, maxRatio: 1e4, maxWindowBytes: 1 << 27 },
      now: Date.now,
      onFound: async (found) => {
        alerts += found.length;
      },
      onProgress: () => {},
      onDiagnostic: (problem) => {
        throw new Error(problem.message);
      },
    });
    const counts = generation.counts();
    return {
      alerts,
      records: summary.records,
      decoded: Number(counts['events']),
      processes: Number(counts['processes']),
      processBytes: Number(counts['process_bytes']),
    };
  };

  const best = { parseText: Infinity, parseBytes: Infinity, flint: Infinity };
  let outcome: Outcome = { alerts: 0, records: 0, decoded: 0, processes: 0, processBytes: 0 };
  let snapshot = { bytes: 0, seconds: 0, longestMs: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    best.parseText = Math.min(
      best.parseText,
      cpuSeconds(() => repeated(() => events.forEach((line) => void JSON.parse(line)))),
    );
    best.parseBytes = Math.min(
      best.parseBytes,
      cpuSeconds(() => repeated(() => raw.forEach((line) => void JSON.parse(line.toString())))),
    );
    const generation = await open();
    best.flint = Math.min(
      best.flint,
      await cpuSeconds(async () => {
        outcome = await scan(generation);
      }),
    );
    if (round === ROUNDS - 1) snapshot = takeSnapshot(generation);
    await generation.close();
    if (outcome.processes < records / 2 || outcome.decoded > records / 100)
      throw new Error(`${outcome.processes} processes remembered, ${outcome.decoded} records decoded`);
    if (outcome.records !== records) throw new Error(`${outcome.records} records, expected ${records}`);
  }
  const rate = (seconds: number): string => `${Math.round(records / seconds).toLocaleString('en')} records/s`;
  const rows: readonly (readonly [string, string])[] = [
    ['processor, node, load', `${cpus()[0]?.model}, ${process.version}, ${loadavg()[0]?.toFixed(1)}`],
    ['records', `${records} of ${Math.round(bytes / records)} bytes`],
    ['alerts, records decoded, processes remembered', `${outcome.alerts}, ${outcome.decoded}, ${outcome.processes}`],
    ['JSON.parse only, from texts', rate(best.parseText)],
    ['JSON.parse only, from bytes', rate(best.parseBytes)],
    ['flint scan, three README rules, file to alert', rate(best.flint)],
    [
      'times JSON.parse from texts, from bytes',
      `${(best.parseText / best.flint).toFixed(2)}, ${(best.parseBytes / best.flint).toFixed(2)}`,
    ],
    [
      'bytes of a process; in a snapshot',
      `${Math.round(outcome.processBytes / outcome.processes)}; ${Math.round(snapshot.bytes / outcome.processes)}`,
    ],
    [
      'snapshot of all: processor time, longest step',
      `${Math.round(1000 * snapshot.seconds)} ms, ${snapshot.longestMs.toFixed(1)} ms`,
    ],
  ];
  for (const [label, text] of rows) process.stdout.write(`${label.padEnd(50)} ${text}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
