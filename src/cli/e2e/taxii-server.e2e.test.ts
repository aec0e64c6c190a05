/** Indicators and sightings of a running service over TAXII, and over a restart. */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const list = join(folder.path, 'list.txt');
writeFileSync(list, 'bad.example.org\nworse.example.org\n');

type Plain = Readonly<Record<string, unknown>>;

async function start(): Promise<{ flint: FlintProcess; ask: (path: string) => Promise<Plain> }> {
  const flint = new FlintProcess({
    args: [
      ...['run', '--data-dir', join(folder.path, 'data'), '--intel', list, '--http', '127.0.0.1:0'],
      ...['--listen', 'json+tcp://127.0.0.1:0'],
    ],
  });
  const { page } = await flint.logged('ready');
  const ask = async (path: string): Promise<Plain> => {
    const answer = await fetch(new URL(path, String(page)), {
      headers: { accept: 'application/taxii+json;version=2.1' },
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Plain;
  };
  return { flint, ask };
}

it('shows what is loaded and what was seen, with the same dates after a restart', async () => {
  const first = await start();
  const port = await first.flint.port('json+tcp');
  const socket = connect(port, '127.0.0.1');
  socket.end('{"domain":"www.bad.example.org","src_ip":"10.0.0.7"}\n');
  await first.flint.until(() => first.flint.stdout !== '', 'the alert');
  const { api_roots: roots } = await first.ask('/taxii2/');
  expect(roots).toEqual(['/taxii2/flint/']);
  const indicators = await first.ask('/taxii2/flint/collections/indicators/objects/');
  expect((indicators['objects'] as Plain[]).map(({ name }) => name)).toEqual(['bad.example.org', 'worse.example.org']);
  const sightings = await first.ask('/taxii2/flint/collections/sightings/objects/');
  const types = (sightings['objects'] as Plain[]).map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['identity', 'indicator', 'ipv4-addr', 'domain-name', 'observed-data']));
  expect(types.at(-1)).toBe('sighting');
  const manifests = async ({ ask }: typeof first) => [
    await ask('/taxii2/flint/collections/indicators/manifest/'),
    await ask('/taxii2/flint/collections/sightings/manifest/'),
  ];
  const before = await manifests(first);
  await first.flint.stop('SIGTERM');
  const second = await start();
  expect(await manifests(second)).toEqual(before);
  await second.flint.stop('SIGTERM');
});
