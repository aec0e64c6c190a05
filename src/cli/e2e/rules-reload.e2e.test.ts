/** Rules change under a running service with several workers: a new one is live, a changed filter takes effect, a broken one is left out. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
const rules = join(folder.path, 'rules');
let flint: FlintProcess;

const rule = (title: string, value: string): string =>
  `title: ${title}\nname: ${title}\nlogsource: { product: windows }\ndetection:\n  sel: { EventID: 1, Image: '${value}' }\n  condition: sel\n`;
const filter = (value: string): string =>
  `title: F\nlogsource: { product: windows }\nfilter:\n  rules: [first]\n  sel: { User: '${value}' }\n  condition: not sel\n`;
const hits = (title: string): number =>
  flint.stdout.split('\n').filter((line) => line.includes(`"name":"${title}"`)).length;

beforeAll(async () => {
  mkdirSync(rules);
  writeFileSync(join(rules, 'first.yml'), rule('first', 'one.exe'));
  const config = join(folder.path, 'flint.yaml');
  const text = `data_dir: ${join(folder.path, 'data')}\nrules: [${rules}]\nworkers: 3\ninputs: [json+tcp://127.0.0.1:0]\nhttp: { listen: 127.0.0.1:0 }\nalerts: { suppress_seconds: 0 }\nreload_seconds: 1\n`;
  writeFileSync(config, text);
  flint = new FlintProcess({ args: ['run', '-c', config] });
  await flint.logged('ready');
});

afterAll(async () => {
  await flint.stop();
  folder.remove();
});

async function send(event: object): Promise<void> {
  const socket = connect(await flint.port('json+tcp'), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const record = { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, ...event };
  await new Promise((resolve) => socket.end(`${JSON.stringify(record)}\n`, () => resolve(undefined)));
}

/** Sends until it alerts: files are looked at once a second. */
async function alerts(title: string, event: object): Promise<void> {
  const before = hits(title);
  let tries = 0;
  await flint.until(async () => {
    if (tries++ % 20 === 0) await send(event);
    return hits(title) > before;
  }, `an alert of "${title}"`);
}

it('a rule that is added while the service runs alerts, the others go on', async () => {
  await alerts('first', { Image: 'one.exe' });
  writeFileSync(join(rules, 'second.yml'), rule('second', 'two.exe'));
  await alerts('second', { Image: 'two.exe' });
  await alerts('first', { Image: 'one.exe' });
});

it('a broken rule is reported and left out', async () => {
  writeFileSync(
    join(rules, 'broken.yml'),
    'title: broken\nlogsource: { product: windows }\ndetection: { condition: x }\n',
  );
  writeFileSync(join(rules, 'third.yml'), rule('third', 'three.exe'));
  await alerts('third', { Image: 'three.exe' });
  await flint.until(() => flint.stderr.includes('broken.yml'), 'a word about the broken rule');
  await alerts('first', { Image: 'one.exe' });
});

it('a filter that is added takes effect, and is gone when its file is', async () => {
  writeFileSync(join(rules, 'filter.yml'), filter('bob'));
  writeFileSync(join(rules, 'fourth.yml'), rule('fourth', 'four.exe'));
  await alerts('fourth', { Image: 'four.exe' });
  const before = hits('first');
  await send({ Image: 'one.exe', User: 'bob' });
  await alerts('first', { Image: 'one.exe', User: 'alice' });
  expect(hits('first')).toBe(before + 1);
  rmSync(join(rules, 'filter.yml'));
  await alerts('first', { Image: 'one.exe', User: 'bob' });
});
