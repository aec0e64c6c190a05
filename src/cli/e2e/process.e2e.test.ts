/** The program as a process: exit codes, signals, streams, hints, colours. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FLINT_MAIN, FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
const list = join(folder.path, 'list.txt');
const log = join(folder.path, 'events.ndjson');
writeFileSync(list, 'bad.example.org\n');
const one = join(folder.path, 'one.ndjson');
writeFileSync(one, '{"domain":"bad.example.org"}\n');
writeFileSync(log, '{"domain":"bad.example.org"}\n{"domain":"good.example.com"}\n'.repeat(5000));
afterAll(() => folder.remove());

function service(dataDir: string): FlintProcess {
  return new FlintProcess({
    args: [
      ...['run', '--data-dir', join(folder.path, dataDir), '--intel', list, '--http', 'off'],
      ...['--listen', 'json+tcp://127.0.0.1:0'],
    ],
    env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0' },
  });
}

async function finished(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const flint = new FlintProcess({ args, env, cwd: folder.path });
  const { code } = await flint.exited;
  return { code, stdout: flint.stdout, stderr: flint.stderr };
}

describe('flint run', () => {
  it('drains on SIGTERM and exits with 0; a second start on its data directory exits with 3 and names it', async () => {
    const flint = service('drain');
    const port = await flint.port('json+tcp');
    await flint.logged('ready');
    const second = service('drain');
    expect(await second.exited).toEqual({ code: 3, signal: null });
    expect(second.stderr).toContain(`process ${flint.pid}`);
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.write('{"domain":"bad.example.org"}\n'.repeat(2000), () => resolve()));
    await flint.until(() => flint.stdout !== '', 'the first alert');
    expect(await flint.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    socket.destroy();
    const lines = flint.stdout.split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) JSON.parse(line);
    expect(flint.log.at(-1)?.message).toBe('stopped');
  });

  it('takes a SIGHUP while it starts for one that came after', async () => {
    const flint = service('early');
    await flint.port('json+tcp');
    flint.signal('SIGHUP');
    await flint.logged('ready');
    const exit = await flint.stop();
    expect(exit, flint.tail()).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['no input', ['run'], 'no input is configured'],
    ['an unknown protocol', ['run', '--listen', 'gelff+udp://127.0.0.1:0'], 'did you mean "gelf"'],
    ['an unknown option of an address', ['run', '--listen', 'gelf+udp://127.0.0.1:0?timezon=Z'], 'timezone'],
    ['an unknown format', ['run', '--listen', 'stdin:', '--output', 'stdout:?format=stix-sprak'], 'stix-spark'],
    ['an unknown flag', ['run', '--lisen', 'stdin:'], '--listen'],
    ['an unknown command', ['rnu'], 'run'],
    ['a configuration that is not there', ['run', '-c', '/nonexistent/flint.yaml'], '/nonexistent/flint.yaml'],
    ['nothing to search for', ['scan', '.'], 'nothing to search for'],
    ['a path that is not there', ['scan', '--intel', '/nonexistent.txt', '/nonexistent'], '/nonexistent'],
  ])('bad usage exits with 2 and helps: %s', async (_what, args, hint) => {
    const { code, stdout, stderr } = await finished(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.toLowerCase()).toContain(hint.toLowerCase());
    expect(stderr).not.toContain('    at ');
  });
});

describe('flint scan', () => {
  it('writes alerts as lines of JSON to a pipe, progress and summary to standard error, no colours', async () => {
    const { code, stdout, stderr } = await finished(['scan', '--intel', list, log]);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line !== '').length).toBe(5000);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ event: { kind: 'alert' } });
    expect(stderr).toContain('5,000 alerts');
    expect(stdout + stderr).not.toContain('\u001b');
  });

  it('says of what is given for rules and intelligence that it holds none, and what was searched for', async () => {
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    const { code, stderr } = await finished(['scan', '--intel', empty, '--rules', empty, log]);
    expect(code).toBe(0);
    expect(stderr).toContain('[INTEL_NO_FILES]');
    expect(stderr).toContain('[SIGMA_NO_RULES]');
    expect(stderr).toContain('searched for 0 indicators of 0 feeds');
  });

  it('takes the time of an event from the field that the configuration names', async () => {
    const config = join(folder.path, 'time.yaml');
    const timed = join(folder.path, 'timed.ndjson');
    writeFileSync(config, 'time_fields: [log.written_at]\n');
    writeFileSync(timed, '{"d":"bad.example.org","time":"2024-01-02T03:04:05Z","log":{"written_at":1700000000}}\n');
    const { stdout } = await finished(['scan', '-c', config, '--intel', list, timed]);
    expect(JSON.parse(stdout)).toMatchObject({ '@timestamp': '2023-11-14T22:13:20.000Z' });
  });

  it('has said everything when it ends, however slowly it is read; a reader that goes does not matter', () => {
    const odd = join(folder.path, 'odd.yml');
    const rule = (i: number): string =>
      `title: Rule ${i}\ntags: [odd]\nlogsource: {category: test}\ndetection: {s: {a: b}, condition: s}\n`;
    writeFileSync(odd, Array.from({ length: 1000 }, (_, i) => rule(i)).join('---\n'));
    const piped = (reader: string): string =>
      spawnSync(
        'sh',
        ['-c', `{ "$0" "$1" scan --rules "$2" "$3" 2>&1 >"$4"; echo "exit $?" >&2; } 2>"$5" | (${reader})`].concat(
          ...[
            [process.execPath, FLINT_MAIN, odd, one],
            [join(folder.path, 'alerts'), join(folder.path, 'exit')],
          ],
        ),
        { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder.path } },
      ).stdout;
    const said = piped('sleep 1; cat');
    expect(said.length).toBeGreaterThan(150_000);
    expect(said.match(/tag "odd" is not of the form/g)).toHaveLength(1000);
    expect(said).toContain('1 record');
    expect(piped('head -c 10')).toHaveLength(10);
    expect(readFileSync(join(folder.path, 'exit'), 'utf8')).toBe('exit 0\n');
  });

  it('ends with 2 when every rule was refused and there is nothing else', async () => {
    const bad = join(folder.path, 'bad.yml');
    writeFileSync(bad, 'title: x\ndetection:\n  a: {b: c}\n  condition: d\n');
    const { code, stdout, stderr } = await finished(['scan', '--rules', bad, log]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('nothing was searched');
  });

  it('says nothing on standard error with --quiet, and reads standard input', async () => {
    const flint = new FlintProcess({
      args: ['scan', '--quiet', '--json', '--intel', list, '-'],
      input: 'x bad.example.org y\n',
    });
    expect(await flint.exited).toEqual({ code: 0, signal: null });
    expect(flint.stderr).toBe('');
    expect(JSON.parse(flint.stdout)).toMatchObject({ threat: { indicator: { type: 'domain-name' } } });
  });

  it('ends quietly when its reader goes away', () => {
    const command = `"${process.execPath}" "${FLINT_MAIN}" scan --intel "${list}" "${log}" 2>err.txt | head -n 1; cat err.txt >&2; exit "\${PIPESTATUS[0]}"`;
    const result = spawnSync('bash', ['-c', command], { cwd: folder.path, encoding: 'utf8' });
    expect(result.status).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ event: { kind: 'alert' } });
    expect(result.stderr).not.toMatch(/EPIPE|Error| {4}at /);
  });

  it('has colours on a terminal only, and never with NO_COLOR', () => {
    const inTerminal = (env: Record<string, string>) =>
      spawnSync(
        'script',
        ['-qec', `"${process.execPath}" "${FLINT_MAIN}" scan --intel "${list}" "${one}" | cat`, '/dev/null'],
        {
          cwd: folder.path,
          encoding: 'utf8',
          env: { PATH: process.env.PATH, TERM: 'xterm', ...env },
        },
      ).stdout;
    const colour = '\u001b[1m';
    expect(inTerminal({})).toContain(colour);
    expect(inTerminal({ NO_COLOR: '1' })).not.toContain(colour);
  });
});
