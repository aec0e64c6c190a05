/** What each input takes in is seen in /metrics, and adds up: received = handed on + dropped by reason, and all that was handed on is settled. */
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const LONG = 'x'.repeat(70_000);

/** Lines of which every third is longer than a record may be. */
function lines(count: number): string {
  return Array.from({ length: count }, (_, n) => JSON.stringify({ n, filler: n % 3 === 0 ? LONG : 'x' }))
    .map((line) => `${line}\n`)
    .join('');
}

it('received = handed on + dropped, by input and reason', async () => {
  const list = join(folder.path, 'list.txt');
  writeFileSync(list, 'bad.example.org\n');
  const log = join(folder.path, 'log.ndjson');
  writeFileSync(log, lines(30));
  const flint = new FlintProcess({
    args: [
      'run',
      '--data-dir',
      join(folder.path, 'data'),
      '--intel',
      list,
      '--http',
      '127.0.0.1:0',
      '--output',
      'stdout:',
    ]
      .concat(['--listen', 'gelf+udp://127.0.0.1:0'], ['--listen', 'json+tcp://127.0.0.1:0?framing=lines'])
      .concat(['--listen', 'http://127.0.0.1:0/'], ['--listen', `file:${log}`]),
    env: { FLINT_LIMITS__RECORD_BYTES: '65536' },
  });
  try {
    const [udp, tcp, http] = [await flint.port('gelf+udp'), await flint.port('json+tcp'), await flint.port('http')];
    const socket = createSocket('udp4');
    const send = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) =>
        socket.send(bytes, udp, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
      );
    for (let n = 0; n < 20; n++) await send(Buffer.from(JSON.stringify({ n })));
    await send(Buffer.from('\n\n'));
    await send(gzipSync('{"packed":1}').subarray(0, 20));
    await send(Buffer.from([0x1e, 0x0f, 1, 2]));
    socket.close();
    await new Promise<void>((resolve) => {
      const stream = connect(tcp, '127.0.0.1', () => stream.end(lines(30)));
      stream.once('close', () => resolve());
      stream.resume();
    });
    const answer = await fetch(`http://127.0.0.1:${http}/`, { method: 'POST', body: lines(30) });
    await answer.text();

    const expected = { 'gelf+udp': [23, 3], 'json+tcp': [30, 10], http: [30, 10], file: [30, 10] };
    const counted = async (): Promise<unknown> => {
      const metrics = await flint.metrics();
      const sums = Object.keys(expected).map((input) => {
        const of = (what: string): number => total(metrics, `flint_input_${what}_total`, `"${input}`);
        const [received, pushed, settled] = ['received_records', 'pushed_records', 'settled_records'].map(of);
        expect(received, input).toBe((pushed ?? 0) + of('dropped'));
        return [input, pushed === settled ? [received, of('dropped')] : 'not settled'];
      });
      return Object.fromEntries(sums);
    };
    let last: unknown;
    const isThere = async (): Promise<boolean> => {
      last = await counted();
      return JSON.stringify(last) === JSON.stringify(expected);
    };
    // What came instead is told below.
    await flint.until(isThere, 'all records').catch(() => undefined);
    expect(last).toEqual(expected);
    // Made-up records of the warm-up are nobody's.
    const metrics = await flint.metrics();
    for (const what of ['engine_candidates', 'engine_events', 'engine_alerts_sent', 'sink_enqueued_messages_total'])
      expect(total(metrics, `flint_${what}`), what).toBe(0);
  } finally {
    await flint.stop();
  }
  expect(flint.stdout).toBe('');
}, 60_000);
