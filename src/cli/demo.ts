/**
 * `flint demo`: the real service with bundled intelligence and rules, bundled logs replayed through its UDP input, alerts as they come, and
 * where to look next. Everything listens on loopback; the data directory is a temporary one.
 */
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { Alert } from '../core/alert.ts';
import { SAMPLE_INTEL } from '../engine/package-folders.ts';
import { loadConfig } from '../engine/config/load-config.ts';
import { alertLine } from './alert-line.ts';
import type { CliCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { openLogger } from './log-view.ts';
import { untilSignal } from './run.ts';
import { type RunningService, startService } from './running-service.ts';
import { openTerminal, paint, say, type Terminal } from './terminal.ts';

const SAMPLE_RULES = fileURLToPath(new URL('../../samples/rules', import.meta.url));
const SAMPLE_LOGS = fileURLToPath(new URL('../../samples/logs', import.meta.url));
const GELF_PORT = 12_201;
const HTTP_PORT = 8720;
/** Between two records, so that people can follow. */
const PACE_MS = 40;
const FAST_PACE_MS = 1;

interface DemoFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const demoCommand: CliCommand = {
  name: 'demo',
  build: (action) =>
    new Command('demo')
      .description('the service with bundled samples replayed through its inputs, and where to look')
      .option('--once', 'replay once at full speed, then exit')
      .option('--json', 'alerts as NDJSON')
      .option('-q, --quiet', 'only the alerts')
      .addHelpText('after', '\nExamples:\n  flint demo\n  flint demo --once --json | head -3')
      .action(action((flags) => demo(flags as DemoFlags))),
};

async function demo(flags: DemoFlags): Promise<number> {
  const terminal = openTerminal({ ...flags, quiet: flags.quiet === true });
  const folder = mkdtempSync(join(tmpdir(), 'flint-demo-'));
  const ports = { gelf: await freePort(GELF_PORT), http: await freePort(HTTP_PORT) };
  let alerts = 0;
  const running = await startService({
    mode: 'demo',
    logger: openLogger({ ...terminal, quiet: true }),
    defaultOutputs: [],
    load: () =>
      loadConfig(
        {
          dataDir: join(folder, 'data'),
          listen: [`gelf+udp://127.0.0.1:${ports.gelf}`],
          intel: [SAMPLE_INTEL],
          rules: [SAMPLE_RULES],
          http: `127.0.0.1:${ports.http}`,
        },
        {},
      ),
    onAlert: (shown) => {
      alerts++;
      show(shown.alert, terminal, flags);
    },
  });
  try {
    introduce(running, terminal);
    const interrupted = untilSignal();
    const replayed = replay(
      Number(running.service.listeners[0]?.address.split(':').at(-1)),
      flags.once === true ? FAST_PACE_MS : PACE_MS,
      interrupted,
    );
    const sent = await replayed;
    await settle(running, sent);
    conclude(running, terminal, sent, alerts, flags);
    if (flags.once !== true) await interrupted;
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return EXIT.done;
}

function show(alert: Alert, terminal: Terminal, flags: DemoFlags): void {
  const line =
    flags.json === true
      ? JSON.stringify(alert)
      : alertLine(alert, { color: terminal.colorOut, width: terminal.out.columns || 120 });
  terminal.out.write(`${line}\n`);
}

function introduce(running: RunningService, terminal: Terminal): void {
  const { service, url } = running;
  const bold = (text: string): string => paint(terminal.colorErr, 'bold', text);
  say(
    terminal,
    `${bold('Flint demo')}: ${service.generation.summary}, waiting for records at ${service.listeners[0]?.address} (GELF and JSON over UDP)`,
  );
  if (url !== undefined) say(terminal, `page: ${bold(url)}   metrics: ${url}/metrics`);
  say(
    terminal,
    paint(
      terminal.colorErr,
      'dim',
      'a day of an invented attack is replayed through the UDP input; alerts appear as they come\n',
    ),
  );
}

function conclude(running: RunningService, terminal: Terminal, sent: number, alerts: number, flags: DemoFlags): void {
  say(terminal, `\n${sent} records sent, ${alerts} alerts. The story behind them: samples/README.md`);
  if (flags.once === true) return;
  const port = running.service.listeners[0]?.address.split(':').at(-1);
  say(
    terminal,
    [
      '',
      'try it yourself:',
      `  echo '{"host":"me","message":"visited http://login.update-check.example/"}' | nc -u -w1 127.0.0.1 ${port}`,
      '  npx flint scan samples/logs --intel samples/intel --rules samples/rules',
      '  npx flint run --listen gelf+udp://127.0.0.1:12201 --intel YOUR-FEED',
      '',
      'Ctrl-C ends the demo',
    ].join('\n'),
  );
}

/** Sends every sample line to the UDP input, in the order of the files; resolves with their number. */
async function replay(port: number, paceMs: number, interrupted: Promise<unknown>): Promise<number> {
  let stopped = false;
  void interrupted.then(() => {
    stopped = true;
  });
  const socket = createSocket('udp4');
  let sent = 0;
  try {
    for (const name of readdirSync(SAMPLE_LOGS).sort()) {
      for (const line of readFileSync(join(SAMPLE_LOGS, name), 'utf8').split('\n')) {
        if (line === '' || stopped) continue;
        await send(socket, line, port);
        sent++;
        await new Promise((resolve) => setTimeout(resolve, paceMs));
      }
    }
  } finally {
    socket.close();
  }
  return sent;
}

function send(socket: Socket, line: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(line, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Waits until the service has matched what was sent; loopback loses nothing unless the receive buffer was full. */
async function settle(running: RunningService, sent: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 3000; waitedMs += 20) {
    if (Number(running.service.generation.counts().records) >= sent) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The usual port when it is free, else any. */
function freePort(preferred: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(preferred, '127.0.0.1', () => probe.close(() => resolve(preferred)));
  });
}
