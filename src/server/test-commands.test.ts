import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { IntelligenceSource, Listener } from './service-view.ts';
import { type TestCommand, testCommands } from './test-commands.ts';

const hasBash = spawnSync('bash', ['-c', 'exit 0']).status === 0;
const hasCurl = spawnSync('curl', ['--version']).status === 0;

function source(value: string, kind: 'domain' | 'mutex' = 'domain'): IntelligenceSource {
  const byKind = { [kind]: 1 };
  return { name: 's', format: 'list', indicators: 1, byKind, skipped: {}, example: { kind, value } };
}

function listener(protocol: string, transport: string, address: string): Listener {
  return { name: protocol, protocol, transport, address, path: protocol === 'http' ? '/ingest' : '' };
}

function commandFor(shell: TestCommand['shell'], one: Listener): string {
  const found = testCommands([one], [source('bad.example')]).find((command) => command.shell === shell);
  if (found === undefined) throw new Error(`no ${shell} command`);
  return found.command;
}

function run(command: string): void {
  execFile('bash', ['-c', command], { timeout: 10_000 }, () => {});
}

describe.skipIf(!hasBash)('test commands, run for real (skipped without bash)', () => {
  it.each(['bash', 'node'] as const)('%s sends one GELF datagram', async (shell) => {
    const socket = createSocket('udp4');
    const received = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    run(commandFor(shell, listener('gelf', 'udp', `0.0.0.0:${socket.address().port}`)));
    expect(JSON.parse((await received).toString())).toMatchObject({ version: '1.1', _dns_query: 'bad.example' });
    socket.close();
  });

  it.each(['bash', 'node'] as const)('%s sends one line over TCP', async (shell) => {
    let resolve: (text: string) => void = () => {};
    const received = new Promise<string>((done) => {
      resolve = done;
    });
    const server = createServer((socket) => {
      let text = '';
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('end', () => resolve(text));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const port = (server.address() as AddressInfo).port;
    run(commandFor(shell, listener('syslog', 'tcp', `127.0.0.1:${port}`)));
    expect(await received).toBe('<134>1 - laptop-7 proxy - - - test line bad.example\n');
    server.close();
  });

  it.each(hasCurl ? (['bash', 'node'] as const) : (['node'] as const))('%s posts one line', async (shell) => {
    let resolve: (text: string) => void = () => {};
    const received = new Promise<string>((done) => {
      resolve = done;
    });
    const server = createHttpServer((request, response) => {
      let text = `${request.method} ${request.url} `;
      request.on('data', (data) => {
        text += data.toString();
      });
      request.on('end', () => {
        response.end();
        resolve(text);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const port = (server.address() as AddressInfo).port;
    run(commandFor(shell, listener('http', 'http', `127.0.0.1:${port}`)));
    expect(await received).toBe('POST /ingest {"host":"laptop-7","message":"test line","dns_query":"bad.example"}');
    server.close();
  });
});

describe('test commands', () => {
  const udp = listener('json', 'udp', '[::]:5000');

  it.each([`a'; rm -rf ~ #.example`, '$(id).example', 'a`id`.example', 'a b.example', '-rf.example', 'a\nb.example'])(
    'never carry the hostile value %j',
    (value) => {
      const commands = testCommands([udp], [source(value)]);
      expect(commands).toHaveLength(2);
      for (const { command, expects } of commands) {
        expect(command).not.toContain(value);
        expect(expects).toBeUndefined();
      }
    },
  );

  it('take the first value that fits into a line', () => {
    const commands = testCommands([udp], [source('Global\\X', 'mutex'), source('good.example')]);
    expect(commands[0]?.expects?.value).toBe('good.example');
    expect(commands[0]?.command).toContain('/dev/udp/::1/5000');
  });

  it('are absent for inputs that no shell can speak to', () => {
    expect(testCommands([listener('kafka', 'tcp', '127.0.0.1:9092')], [])).toEqual([]);
    expect(testCommands([listener('json', 'tls', '127.0.0.1:9092')], [])).toEqual([]);
    expect(testCommands([listener('json', 'udp', '127.0.0.1:0')], [])).toEqual([]);
  });
});
