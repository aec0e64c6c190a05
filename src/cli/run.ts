/** `flint run`: the service, until it is told to stop. SIGHUP reloads, SIGTERM and SIGINT drain and exit. */
import { Command, Option } from 'commander';
import { loadConfig } from '../engine/config/load-config.ts';
import { watchFiles } from '../engine/files/watch-files.ts';
import { alertLine } from './alert-line.ts';
import type { CliCommand } from './command.ts';
import { addEngineOptions, collect, configFlags, type EngineOptions } from './engine-options.ts';
import { eventWriter, refuseEventsWithoutFlux } from './event-writer.ts';
import { EXIT, printDiagnostics } from './exit.ts';
import { openLogger } from './log-view.ts';
import { startService } from './running-service.ts';
import { openTerminal, say } from './terminal.ts';

interface RunFlags extends EngineOptions {
  readonly listen?: readonly string[];
  readonly output?: readonly string[];
  readonly http?: string;
  readonly emit: 'alerts' | 'events';
}

export const runCommand: CliCommand = {
  name: 'run',
  build: (action) =>
    addEngineOptions(new Command('run'))
      .description('the service: inputs, matching, outputs, HTTP API and page')
      .option('--listen <address>', 'input address (repeatable)', collect)
      .option('--output <address>', 'output address (repeatable); default: alerts on stdout', collect)
      .addOption(
        new Option('--emit <what>', 'events: each event with its flux tags on stdout, beside the alerts of outputs')
          .choices(['alerts', 'events'])
          .default('alerts'),
      )
      .option('--http <host:port>', 'metrics, probes, API and page; "off" for none')
      .addHelpText(
        'after',
        `
Examples:
  flint run --listen gelf+udp://127.0.0.1:12201 --intel feeds/
  flint run -c flint.yaml
  LISTEN_PORT=15155 OUTPUT=127.0.0.1:12201 flint run        as the STIX Spark container
  flint run --listen json+tcp://127.0.0.1:5170 --intel list.txt --output 'webhook+https://soc.example/alerts'`,
      )
      .action(action((flags) => run(flags as RunFlags))),
};

async function run(flags: RunFlags): Promise<number> {
  const terminal = openTerminal(flags);
  const logger = openLogger(terminal);
  const base = configFlags(flags);
  const load = () =>
    loadConfig(
      {
        ...base,
        ...(flags.listen !== undefined && { listen: flags.listen }),
        ...(flags.output !== undefined && { output: flags.output }),
        ...(flags.http !== undefined && { http: flags.http }),
      },
      process.env,
    );
  const emitsEvents = flags.emit === 'events';
  const events = eventWriter(terminal.out);
  const forPeople = terminal.out.isTTY === true && flags.json !== true && !emitsEvents;
  if (emitsEvents) refuseEventsWithoutFlux(load().config.flux.length);
  // Without a handler the signal would end the process: whoever changed a file while it starts wants it read, not that.
  let reload: (() => void) | undefined;
  let asked = false;
  process.on('SIGHUP', () => {
    if (reload === undefined) asked = true;
    else reload();
  });
  const running = await startService({
    mode: process.env.LISTEN_PORT === undefined ? 'run' : 'drop-in',
    logger,
    ...(flags.config !== undefined && { configFile: flags.config }),
    load,
    // On a terminal alerts are shown as lines for people, in place of the default output.
    defaultOutputs: forPeople || emitsEvents ? [] : ['stdout:'],
    ...(emitsEvents && { events }),
    onAlert: (shown) => {
      if (forPeople)
        terminal.out.write(
          `${alertLine(shown.alert, { color: terminal.colorOut, width: terminal.out.columns || 120 })}\n`,
        );
    },
  });
  const { service } = running;
  printDiagnostics(service.generation.diagnostics, terminal);
  // Whoever reads that it is ready may stop it at once.
  const signal = untilSignal();
  logger.info('ready', {
    indicators: service.generation.intel.indicators.size,
    ...(running.url !== undefined && { page: running.url }),
  });
  if (running.url !== undefined) say(terminal, `page, API and metrics at ${running.url}`);
  const stopWatching = watchFiles(service, service.config.reload_seconds * 1000);
  reload = () => void service.reload().then(() => service.pullSources());
  if (asked) reload();
  const interrupted = await Promise.race([signal, service.finished().then(() => undefined)]);
  stopWatching();
  logger.info('stopping', { ...(interrupted !== undefined && { signal: interrupted }) });
  await running.stop();
  logger.info('stopped');
  return EXIT.done;
}

/** A second signal ends the process at once: somebody is in a hurry. */
export function untilSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(EXIT.interrupted));
        resolve(signal);
      });
    }
  });
}
