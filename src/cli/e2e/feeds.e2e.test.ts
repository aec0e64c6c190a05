/**
 * Feeds that are mostly bad, and feeds that are large: what is good in them is loaded, the rest is counted, memory stays bounded because
 * nothing is held whole. With FLINT_NIGHTLY=1 the bundle has 1 GB and the list a million bad lines.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';
import { NIGHTLY } from '../../testing/test-runs.ts';

const BUNDLE_BYTES = NIGHTLY ? 1e9 : 50e6;
const BAD_LINES = NIGHTLY ? 1_000_000 : 100_000;
const INDICATOR_EVERY_BYTES = 50_000;
/** A service with hardly any indicators takes about 150 MB; a bundle of any size may add buffers, not its own size. */
const MAX_RSS = 400e6;
const folder = temporaryFolder();
afterAll(() => folder.remove());

async function write(path: string, parts: Iterable<string>): Promise<void> {
  const file = createWriteStream(path);
  for (const part of parts) if (!file.write(part)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
}

function* bundle(bytes: number): Generator<string> {
  yield '{"type":"bundle","id":"bundle--26ffb872-1dd9-446e-b6f5-d58527e5b5d3","objects":[';
  const times = '"created":"2024-01-01T00:00:00Z","modified":"2024-01-01T00:00:00Z"';
  const description = 'd'.repeat(INDICATOR_EVERY_BYTES - 500);
  for (let i = 0; i * INDICATOR_EVERY_BYTES < bytes; i++) {
    const id = `26ffb872-1dd9-446e-b6f5-${String(i).padStart(12, '0')}`;
    yield `${i === 0 ? '' : ','}{"type":"report","spec_version":"2.1","id":"report--${id}",${times},"name":"r","description":"${description}"},`;
    yield `{"type":"indicator","spec_version":"2.1","id":"indicator--${id}",${times},"valid_from":"2024-01-01T00:00:00Z","pattern_type":"stix","name":"i${i}","pattern":"[domain-name:value = 'n${i}.example.org']"}`;
  }
  yield ']}';
}

function* badLines(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield `== ${i} \u0000 not an indicator at all {\n`;
  yield 'listed.example.net\n';
}

async function loaded(intel: string, format: string): Promise<FlintProcess> {
  const flint = new FlintProcess({
    args: [
      ...['run', '--data-dir', join(folder.path, format), '--http', '127.0.0.1:0', '--workers', '1'],
      ...['--listen', 'json+udp://127.0.0.1:0'],
    ],
    env: { FLINT_INTEL__0__SOURCE: intel, FLINT_INTEL__0__FORMAT: format },
  });
  await flint.until(
    () => flint.log.some((line) => line.message === 'ready'),
    'the feed to be loaded',
    NIGHTLY ? 600_000 : 45_000,
  );
  return flint;
}

describe('a feed', () => {
  it('of many bad lines loads the good one, counts the others and does not flood the log', {
    timeout: 900_000,
  }, async () => {
    const list = join(folder.path, 'list.txt');
    await write(list, badLines(BAD_LINES));
    const flint = await loaded(list, 'plain');
    const metrics = await flint.metrics();
    expect(total(metrics, 'flint_engine_indicators')).toBe(1);
    expect(total(metrics, 'flint_feed_dropped_total')).toBe(BAD_LINES);
    expect(flint.stderr.length).toBeLessThan(100_000);
    expect((await flint.stop()).code).toBe(0);
  });

  it('of one large bundle is streamed in bounded memory', { timeout: 900_000 }, async () => {
    const file = join(folder.path, 'bundle.json');
    await write(file, bundle(BUNDLE_BYTES));
    const flint = await loaded(file, 'stix');
    const metrics = await flint.metrics();
    expect(total(metrics, 'flint_engine_indicators')).toBe(Math.ceil(BUNDLE_BYTES / INDICATOR_EVERY_BYTES));
    expect(total(metrics, 'process_resident_memory_bytes')).toBeLessThan(MAX_RSS);
    expect((await flint.stop()).code).toBe(0);
  });
});
