/**
 * What Flint adds to a datagram, without a socket: framing, scanning and the way through the intake, by processor time of this process.
 * Flat GELF messages of 500 bytes and nested ones, in turns of so many datagrams as the event loop brings at a time; nothing matches.
 *
 * Run: node scripts/bench.mjs datagram [--rounds N] [--turn N] [--datagrams N]
 */
import { parseArgs } from 'node:util';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGeneration } from '../src/engine/build-generation.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { EngineIntake } from '../src/engine/engine-intake.ts';
import { DatagramReceiver } from '../src/inputs/datagram-receiver.ts';
import { ComponentCounters } from '../src/telemetry/component-counters.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    turn: { type: 'string', default: '32' },
    datagrams: { type: 'string', default: '64000' },
  },
});
const DATAGRAM_BYTES = 500;
const [rounds, turn, datagrams] = [flags.rounds, flags.turn, flags.datagrams].map(Number) as [number, number, number];

const folder = mkdtempSync(join(tmpdir(), 'flint-datagram-'));
writeFileSync(join(folder, 'names.txt'), Array.from({ length: 10_000 }, (_, i) => `bad${i}.example.net\n`).join(''));
const loaded = loadConfig({ intel: [join(folder, 'names.txt')], dataDir: join(folder, 'data') }, {});
const generation = await buildGeneration(loaded, { mode: 'run', report: () => undefined });

const kinds: Readonly<Record<string, (n: number) => object>> = {
  flat: (n) => ({
    version: '1.1',
    host: `web${n % 40}`,
    short_message: 'GET /index',
    timestamp: 1_760_000_000.1 + n,
    _src_ip: `10.0.${n % 200}.${n % 240}`,
    _dst_port: 8080,
    _url: 'http://www.example.com/path/index.html?q=1',
  }),
  nested: (n) => ({
    '@timestamp': '2026-03-01T10:00:00Z',
    host: { name: `web${n % 40}` },
    source: { ip: `10.0.${n % 200}.${n % 240}` },
    url: { full: 'http://www.example.com/path/index.html?q=1' },
  }),
};

for (const [name, make] of Object.entries(kinds)) {
  const messages = Array.from({ length: 1000 }, (_, n) => {
    const text = JSON.stringify(make(n));
    return Buffer.from(`${text.slice(0, -1)},"filler":"${'x'.repeat(DATAGRAM_BYTES - text.length - 12)}"}`);
  });
  const counters = new ComponentCounters('input', 'bench');
  const intake = new EngineIntake({
    pendingBytes: 1 << 26,
    matcher: () => generation,
    send: async () => undefined,
    now: Date.now,
    onFailure: (error) => {
      throw error;
    },
  });
  const context = { name, intake, counters, instanceId: 'bench', now: Date.now, report: () => undefined };
  const source = { input: name, path: 'udp://bench', id: 'bench', replayable: false, timezone: 'Z' };
  const limits = { maxRecordBytes: 1 << 24, maxInflatedBytes: 1 << 21, chunkBytes: 1 << 24, pendingBytes: 1 << 25 };
  const receiver = new DatagramReceiver(context, source, { next: 0 }, limits);
  const sender = { address: '127.0.0.1', port: 40_000 };
  const perMillion: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let n = 0; n < datagrams; n++) {
      receiver.take(messages[n % messages.length] as Buffer, sender);
      if (n % turn !== turn - 1) continue;
      receiver.flush();
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    await receiver.finish();
    const { user, system } = process.cpuUsage(before);
    perMillion.push((user + system) / datagrams);
  }
  const { received_records: records = 0 } = counters.snapshot().counts;
  if (records !== rounds * datagrams) throw new Error(`${records} of ${rounds * datagrams} records came through`);
  const sorted = perMillion.toSorted((a, b) => a - b);
  const [least = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  process.stdout.write(
    `${name.padEnd(8)} ${least.toFixed(2)} s per million datagrams at least, ${median.toFixed(2)} in the middle of ${rounds}, turns of ${turn}, load ${loadavg()[0]?.toFixed(1)}\n`,
  );
}
await generation.close();
rmSync(folder, { recursive: true });
