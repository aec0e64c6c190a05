/**
 * `flint intel pull` on a TAXII 2.1 collection of a million objects, served page by page by a scripted server in a process of its own: objects per
 * second, processor time and peak resident memory of the first pull, of a pull that finds nothing new, and of a load of what was
 * pulled. Every 10,000th object is damaged; the counts are asserted.
 *
 * Run: npm run build && node scripts/bench.mjs taxii [--objects N] [--page N] [--record FILE]   (Linux)
 */
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryOf, processorSeconds } from './process-figures.ts';

const { values: flags } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000000' },
    page: { type: 'string', default: '1000' },
    program: { type: 'string', default: 'dist/cli/main.js' },
    record: { type: 'string' },
    serve: { type: 'boolean', default: false },
  },
});
const OBJECTS = Number(flags.objects);
const DAMAGED_EVERY = 10_000;
const MEDIA = 'application/taxii+json;version=2.1';
const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';

if (flags.serve) serve();
else await measure();

/** About 640 bytes, as large as an indicator with a description commonly is. */
function objectText(i: number): string {
  const id = `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
  const times = '"created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z"';
  // A colon is missing.
  if (i % DAMAGED_EVERY === DAMAGED_EVERY - 1) return `{"type":"indicator","id" "indicator--${id}",${times}}`;
  return `{"type":"indicator","spec_version":"2.1","id":"indicator--${id}",${times},"valid_from":"2024-01-01T00:00:00Z","pattern_type":"stix","pattern":"[domain-name:value = 'n${i}.bench.example']","name":"n${i}.bench.example","description":"${'seen in traffic of a sample of the family; '.repeat(5)}","indicator_types":["malicious-activity"],"confidence":${i % 100}}`;
}

function stamp(i: number): string {
  return `${new Date(Date.UTC(2024, 0, 1) + Math.floor(i / 1000)).toISOString().slice(0, -1)}${String(i % 1000).padStart(3, '0')}Z`;
}

function indexOf(text: string): number {
  return (Date.parse(`${text.slice(0, 23)}Z`) - Date.UTC(2024, 0, 1)) * 1000 + Number(text.slice(23, 26));
}

function serve(): void {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const lists: Readonly<Record<string, unknown>> = {
      '/taxii2/': { title: 'bench', api_roots: ['/root/'] },
      '/root/': { title: 'root', versions: [MEDIA], max_content_length: 1000 },
      '/root/collections/': { collections: [{ id: COLLECTION, title: 'bench', can_read: true, can_write: false }] },
    };
    if (url.pathname in lists) {
      response.writeHead(200, { 'content-type': MEDIA }).end(JSON.stringify(lists[url.pathname]));
      return;
    }
    const after = url.searchParams.get('added_after');
    const first = Number(url.searchParams.get('next') ?? (after === null ? 0 : indexOf(after) + 1));
    const end = Math.min(OBJECTS, first + Number(url.searchParams.get('limit')));
    response.writeHead(200, {
      'content-type': MEDIA,
      ...(end > first && { 'x-taxii-date-added-first': stamp(first), 'x-taxii-date-added-last': stamp(end - 1) }),
    });
    if (end <= first) {
      response.end('{}');
      return;
    }
    const objects = Array.from({ length: end - first }, (_, k) => objectText(first + k)).join(',');
    response.end(`{"more":${end < OBJECTS},${end < OBJECTS ? `"next":"${end}",` : ''}"objects":[${objects}]}`);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

interface Ran {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly out: Readonly<Record<string, unknown>>;
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-taxii-bench-'));
  const server = fork(fileURLToPath(import.meta.url), ['--serve', '--objects', String(OBJECTS)]);
  try {
    const port = await new Promise<number>((done) => server.once('message', (message) => done(Number(message))));
    const config = join(folder, 'flint.yaml');
    const source = { source: `http://127.0.0.1:${port}/`, type: 'taxii', page_size: Number(flags.page) };
    writeFileSync(
      config,
      JSON.stringify({ data_dir: join(folder, 'data'), allow_private_addresses: true, intel: [source] }),
    );
    process.stdout.write(
      `${OBJECTS.toLocaleString('en')} objects of ${objectText(0).length} bytes, one in ${DAMAGED_EVERY} damaged, pages of ${flags.page}; load ${loadavg()[0]?.toFixed(1)}\n`,
    );
    const damaged = Math.floor(OBJECTS / DAMAGED_EVERY);
    const results = {
      first: await run(['intel', 'pull', '-c', config, '--json', '-q']),
      again: await run(['intel', 'pull', '-c', config, '--json', '-q']),
      load: await run(['intel', 'ls', '-c', config, '--json', '-q']),
    };
    expect(results.first.out, { added: OBJECTS - damaged, damaged, changed: true });
    expect(results.again.out, { added: 0, objects: OBJECTS - damaged, changed: false });
    expect(results.load.out, { indicators: OBJECTS - damaged });
    for (const [name, { seconds, cpuSeconds, peakBytes }] of Object.entries(results))
      process.stdout.write(
        `${name.padEnd(6)} ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s, ${Math.round(OBJECTS / seconds).toLocaleString('en')} objects/s, ${Math.round(OBJECTS / cpuSeconds).toLocaleString('en')} per CPU s, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB\n`,
      );
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg() };
    if (flags.record !== undefined) {
      const measured = Object.fromEntries(Object.entries(results).map(([name, { out: _, ...rest }]) => [name, rest]));
      writeFileSync(
        flags.record,
        `${JSON.stringify({ objects: OBJECTS, page: Number(flags.page), ...measured, machine }, undefined, 2)}\n`,
      );
    }
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first object of its output, and what the system says of the process until just before its end. */
async function run(args: readonly string[]): Promise<Ran> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [resolve(flags.program), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  let [peakBytes, cpuSeconds] = [0, 0];
  const watch = setInterval(() => {
    try {
      const { pid = 0 } = child;
      peakBytes = Math.max(peakBytes, memoryOf(pid).peakBytes);
      cpuSeconds = Math.max(cpuSeconds, processorSeconds(pid));
    } catch (error) {
      // It has just ended.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }, 20);
  await new Promise((done) => child.once('close', done));
  clearInterval(watch);
  const [first = '{}'] = out.split('\n');
  return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds, peakBytes, out: JSON.parse(first) };
}

function expect(actual: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(wanted))
    if (actual[key] !== value) throw new Error(`${key} is ${String(actual[key])}, should be ${String(value)}`);
}
