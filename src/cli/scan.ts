/** `flint scan FILE|DIR|-…`: the same engine over files; alerts on stdout, progress and summary on stderr. */
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { formatBytes } from './byte-amount.ts';
import { counted, formatCount } from './count-text.ts';
import { ENCODERS } from '../encode/registry.ts';
import type { EncodeOptions, Encoder } from '../encode/encoder.ts';
import { buildGeneration } from '../engine/build-generation.ts';
import type { Generation } from '../engine/generation.ts';
import { listFiles } from '../engine/files/list-files.ts';
import { loadConfig } from '../engine/config/load-config.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import { scanFiles } from '../engine/files/scan-files.ts';
import type { ScanSummary } from '../engine/files/scan-totals.ts';
import { openRuleCache } from '../engine/rules/rule-cache.ts';
import { feedFolderOf } from '../engine/intel/stored-sources.ts';
import { workerCount } from '../engine/workers/worker-count.ts';
import { diagnostic, type Diagnostic, FlintError } from '../errors/diagnostic.ts';
import { alertLine } from './alert-line.ts';
import type { CliCommand } from './command.ts';
import { addEngineOptions, configFlags, type EngineOptions } from './engine-options.ts';
import { eventWriter, refuseEventsWithoutFlux } from './event-writer.ts';
import { EXIT, printDiagnostics } from './exit.ts';
import { LineOutput } from './line-output.ts';
import { createProgress } from './progress.ts';
import { stateSummary } from './state-summary.ts';
import { openTerminal, paint, say, type Terminal } from './terminal.ts';
import { renderTable } from './table.ts';

interface ScanFlags extends EngineOptions {
  readonly emit: 'alerts' | 'events';
  readonly format?: string;
  readonly validAt?: 'event';
  readonly timezone?: string;
  readonly logsource?: string;
  readonly original: boolean;
}

export const scanCommand: CliCommand = {
  name: 'scan',
  build: (action) =>
    addEngineOptions(new Command('scan'))
      .description('search files for indicators and rule matches')
      .argument('<paths...>', 'files, folders (recursively), "-" for standard input; gzip and zstd are understood')
      .addOption(new Option('--emit <what>', 'what goes to stdout').choices(['alerts', 'events']).default('alerts'))
      .addOption(
        new Option('--valid-at <time>', 'only indicators that were valid at the time of the event').choices(['event']),
      )
      .addOption(
        new Option('--format <name>', 'record shape of alerts').choices(ENCODERS.map((encoder) => encoder.name)),
      )
      .option('--timezone <zone>', 'zone of times that carry none')
      .option('--logsource <source>', 'product/category/service of all records, when they do not tell themselves')
      .option('--no-original', 'leave the original record out of alerts')
      .addHelpText(
        'after',
        `
Examples:
  flint scan --intel feed.json access.log
  flint scan --intel feeds/ --rules sigma/rules /var/log --json > alerts.ndjson
  zcat old.log.gz | flint scan --intel blocklist.txt -`,
      )
      .action(action((paths, flags) => scan(paths as string[], flags as ScanFlags))),
};

async function scan(paths: readonly string[], flags: ScanFlags): Promise<number> {
  const terminal = openTerminal(flags);
  const loaded = loadConfig(
    configFlags(flags),
    flags.timezone === undefined ? process.env : { ...process.env, FLINT_TIMEZONE: flags.timezone },
  );
  const { config } = loaded;
  if (loaded.diagnostics.some((problem) => problem.severity === 'error')) throw new FlintError(loaded.diagnostics);
  if (config.intel.length + config.rules.length + config.flux.length === 0) {
    const hint = 'give --intel FILE, --rules FOLDER or --flux SPEC';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'nothing to search for', { hint })]);
  }
  if (flags.emit === 'events') refuseEventsWithoutFlux(config.flux.length);
  const files = listFiles(paths);
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const counted = new Map<string, number>();
  const events = eventWriter(terminal.out);
  const ruleCache = openRuleCache(config);
  const generation = await buildGeneration(loaded, {
    ruleCache,
    mode: flags.validAt === 'event' ? 'scan-valid' : 'scan',
    keepOriginal: flags.original && config.alerts.original,
    workers: workerCount(config.workers),
    moreThreads: config.workers === 'auto' ? 'when it pays' : 'at once',
    withEvents: encoderOf(flags).readsEvent === true,
    storedFolder: feedFolderOf(config.data_dir),
    ...(flags.logsource !== undefined && { saidSources: [{ text: flags.logsource }] }),
    ...(flags.emit === 'events' && { onEvent: events.write }),
    report: (code) => counted.set(code, (counted.get(code) ?? 0) + 1),
  });
  printDiagnostics(generation.diagnostics, terminal);
  const isDamaged = generation.diagnostics.some((problem) => problem.severity === 'error');
  if (isDamaged && (config.strict || searchesForNothing(generation))) {
    if (!config.strict) say(terminal, 'nothing was searched: no rule and no indicator could be loaded');
    await generation.close();
    return EXIT.usage;
  }

  const printer = createPrinter(terminal, flags, config.timezone);
  const progress = createProgress(terminal, 'scan');
  const startedMs = performance.now();
  const problems: Diagnostic[] = [];
  const summary = await scanFiles(files, generation, {
    maxRecordBytes: config.limits.record_bytes,
    timezone: config.timezone,
    ...(flags.logsource !== undefined && { logsource: flags.logsource }),
    inflate: { maxBytes: Number.MAX_SAFE_INTEGER, maxRatio: 10_000, maxWindowBytes: 1 << 27 },
    now: Date.now,
    onFound: (found) => {
      // Both may stand on one terminal: the bar makes room and is drawn again.
      progress.end();
      return printer.print(found);
    },
    ...(flags.emit === 'events' && { settle: events.settle }),
    onProgress: (done, records) => progress.update(done, totalBytes, `${records} records, ${printer.alerts} alerts`),
    onDiagnostic: (problem) => problems.push(problem),
  });
  await events.settle();
  progress.end();
  await generation.close();
  const unkept = [await ruleCache.save(), await generation.keepKinds()].filter((problem) => problem !== undefined);
  printDiagnostics([...problems, ...unkept], terminal);
  say(
    terminal,
    renderSummary(
      { ...summary, dropped: { ...summary.dropped, ...Object.fromEntries(counted) } },
      printer,
      generation,
      performance.now() - startedMs,
      terminal,
    ),
  );
  return problems.length > 0 && summary.records === 0 ? EXIT.usage : EXIT.done;
}

function searchesForNothing({ live, ruleCounts }: Generation): boolean {
  return live.table.liveCount === 0 && Object.keys(ruleCounts).length === 0;
}

function encoderOf({ format = 'ecs' }: ScanFlags): Encoder {
  return ENCODERS.find(({ name }) => name === format) as Encoder;
}

interface Printer {
  readonly alerts: number;
  readonly byRule: ReadonlyMap<string, number>;
  print(found: readonly FoundAlert[]): Promise<void>;
}

/** NDJSON for pipes and --json, one readable line each on a terminal. */
function createPrinter(terminal: Terminal, flags: ScanFlags, timezone: string): Printer {
  const encoder = encoderOf(flags);
  const options: EncodeOptions = { timezone, sensor: hostname() };
  const forPeople = terminal.out.isTTY === true && flags.json !== true && flags.format === undefined;
  const output = new LineOutput(terminal.out);
  const byRule = new Map<string, number>();
  let alerts = 0;
  return {
    get alerts() {
      return alerts;
    },
    byRule,
    print: async (found) => {
      let waits: Promise<void> | undefined;
      for (const outgoing of found) {
        alerts++;
        const { label } = outgoing;
        byRule.set(label, (byRule.get(label) ?? 0) + 1);
        if (flags.emit === 'events') continue;
        const line = forPeople
          ? alertLine(outgoing.alert, { color: terminal.colorOut, width: terminal.out.columns || 120 })
          : (encoder.pieces?.(outgoing) ?? encoder.encode(outgoing, options));
        waits = output.write(line) ?? waits;
      }
      waits = output.flush() ?? waits;
      if (waits !== undefined) await waits;
    },
  };
}

function renderSummary(
  summary: ScanSummary,
  printer: Printer,
  generation: Generation,
  elapsedMs: number,
  terminal: Terminal,
): string {
  const seconds = Math.max(0.001, elapsedMs / 1000);
  const counts = generation.counts();
  const lines = [
    `${counted(summary.records, 'record')} (${formatBytes(summary.recordBytes)}) of ${counted(summary.files, 'file')} in ${seconds.toFixed(2)} s: ` +
      `${formatCount(Math.round(summary.records / seconds))} records/s, ${formatBytes(summary.recordBytes / seconds)}/s`,
    `searched for ${generation.summary}`,
    paint(terminal.colorErr, 'bold', counted(printer.alerts, 'alert')),
  ];
  if (summary.partsOfOthers > 0) {
    const [others, all] = [summary.partsOfOthers, summary.parts].map((count) => count.toLocaleString('en'));
    lines.push(`${others} of ${all} parts by further threads`);
  }
  if (summary.filesWithoutRecords > 0) lines.push(`${summary.filesWithoutRecords} files without records`);
  const dropped = Object.entries(summary.dropped).map(([reason, count]) => `${count} ${reason}`);
  if (dropped.length > 0) lines.push(`dropped: ${dropped.join(', ')}`);
  const quiet = [
    [counts.benign, 'hits on the benign list'],
    [counts.expired, 'hits of indicators that were not valid'],
    [counts.alerts_omitted, 'alerts beyond the limit of one event'],
  ].flatMap(([count, what]) => (Number(count) > 0 ? [`${count} ${what}`] : []));
  if (Number(counts.unrecognised) > 0)
    lines.push(
      `no Sigma rule was tried on ${formatCount(Number(counts.unrecognised))} events: nothing tells their log source (docs/sigma.md)`,
    );
  lines.push(...stateSummary(generation.parts.flatMap((part) => part.report())));
  if (quiet.length > 0) lines.push(`not shown: ${quiet.join(', ')}`);
  const rows = [...printer.byRule]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 20)
    .map(([key, count]) => [...key.split('\t'), String(count)]);
  if (rows.length > 0) {
    const columns = [
      { title: 'type' },
      { title: 'source or rule', max: 60 },
      { title: 'alerts', align: 'right' as const },
    ];
    lines.push('', renderTable(columns, rows, { color: terminal.colorErr, width: terminal.err.columns || 100 }));
  }
  return lines.join('\n');
}
