/**
 * `flint intel pull`: brings the sources that are fetched up to date in the data directory, now. What cannot be had keeps its last good
 * content, and the next pull goes on where this one stopped.
 */
import { Command } from 'commander';
import { openDataDir } from '../../engine/config/data-dir.ts';
import { feedFolderOf } from '../../engine/intel/stored-sources.ts';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import { systemSurroundings } from '../../intel/http/polite-client.ts';
import { type IntelSource, isRemote } from '../../intel/intel-source.ts';
import { type PullOutcome, type PullProgress, pullSource } from '../../intel/pull-source.ts';
import { feedNameOf, shownSource } from '../../intel/shown-source.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, exitCodeOf, printDiagnostics } from '../exit.ts';
import { createProgress, type Progress } from '../progress.ts';
import { oneLine, openTerminal, paint, say, type Terminal } from '../terminal.ts';
import { counts } from './feed-rows.ts';
import { addIntelOptions, configuredIntel, type IntelOptions } from './intel-options.ts';
import { previewSource } from './pull-preview.ts';

interface PullFlags extends IntelOptions {
  readonly dryRun?: boolean;
}

/** Without a terminal, what a long pull has so far is said this often. */
const SAY_EVERY_MS = 5_000;

export const pullCommand: CliCommand = {
  name: 'pull',
  build: (action) =>
    addIntelOptions(new Command('pull'))
      .description('fetch the sources that are URLs, TAXII servers and MISP feeds now, into the data directory')
      .argument('[sources...]', 'names or addresses of configured sources; default: all that are fetched')
      .option('--dry-run', 'say what would be fetched, with the collections of TAXII servers; nothing is kept')
      .addHelpText(
        'after',
        `
A running service fetches by itself; while it owns the data directory this exits with 3.
Examples:
  flint intel pull -c flint.yaml
  flint intel pull -c flint.yaml partner --dry-run
  flint intel pull --intel https://feeds.example.org/domains.txt --data-dir /var/lib/flint
  flint intel pull --intel taxii+https://taxii.example.org/taxii2/ --dry-run`,
      )
      .action(action((names, flags) => pull(names as string[], flags as PullFlags))),
};

async function pull(names: readonly string[], flags: PullFlags): Promise<number> {
  const terminal = openTerminal(flags);
  const configured = configuredIntel(flags);
  const sources = selected(configured.sources, names);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    return flags.dryRun === true
      ? await previewAll(sources, feedFolderOf(configured.dataDir), stop.signal, terminal)
      : await pullAll(sources, configured.dataDir, stop.signal, terminal);
  } catch (error) {
    if (stop.signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

async function pullAll(
  sources: readonly IntelSource[],
  path: string,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<number> {
  const dataDir = openDataDir(path);
  const failures: Diagnostic[] = [];
  try {
    for (const source of sources) {
      const display = displayOf(source, terminal);
      const outcome = await pullSource(source, {
        folder: dataDir.folder('feeds'),
        signal,
        progress: display.update,
        surroundings: { ...systemSurroundings, waiting: display.waiting },
      });
      display.end();
      if (terminal.json) terminal.out.write(`${JSON.stringify(pulledObject(source, outcome))}\n`);
      else say(terminal, pulledLine(source, outcome, terminal));
      const problems = outcome.diagnostics.filter(({ severity }) => severity === 'error');
      printDiagnostics(problems, terminal);
      if (!outcome.ok) failures.push(...problems);
    }
  } finally {
    dataDir.close();
  }
  return exitCodeOf(failures);
}

async function previewAll(
  sources: readonly IntelSource[],
  folder: string,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<number> {
  const failures: Diagnostic[] = [];
  for (const source of sources) {
    const { objects, lines, diagnostics } = await previewSource(source, folder, signal);
    if (terminal.json) for (const object of objects) terminal.out.write(`${JSON.stringify(object)}\n`);
    else terminal.out.write(`${lines.map((line) => oneLine(line, 400)).join('\n')}\n`);
    failures.push(...diagnostics);
  }
  printDiagnostics(failures, terminal);
  return exitCodeOf(failures);
}

/** Throws FlintError when there is nothing to fetch, or no source of a given name. */
export function selected(sources: readonly IntelSource[], names: readonly string[]): readonly IntelSource[] {
  const remote = sources.filter(isRemote);
  if (remote.length === 0) {
    const hint = 'files and folders are read where they lie: flint intel ls shows them';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no source is a URL', { hint })]);
  }
  if (names.length === 0) return remote;
  const known = remote.flatMap(({ name, source }) => [...(name === undefined ? [] : [name]), shownSource(source)]);
  const unknown = names.filter((wanted) => !remote.some((source) => isCalled(source, wanted)));
  if (unknown.length > 0)
    throw new FlintError(
      unknown.map((name) =>
        diagnostic('CONFIG_BAD_USAGE', 'error', `no source is called "${name}"${suggestion(name, known)}`),
      ),
    );
  return remote.filter((source) => names.some((wanted) => isCalled(source, wanted)));
}

function isCalled({ name, source }: IntelSource, wanted: string): boolean {
  return [name, source, shownSource(source), feedNameOf(source)].includes(wanted);
}

interface Display {
  readonly update: (progress: PullProgress) => void;
  readonly waiting: (ms: number, reason: string) => void;
  end(): void;
}

/** A line that is redrawn on a terminal, now and then a line elsewhere. */
function displayOf(source: IntelSource, terminal: Terminal): Display {
  const label = titleOf(source);
  const bar: Progress = createProgress(terminal, label, 'objects');
  bar.update(0, 0, 'asking');
  let saidMs = performance.now();
  return {
    update: ({ done, total, note }) => {
      bar.update(done, total ?? 0, note);
      if (terminal.err.isTTY === true || performance.now() - saidMs < SAY_EVERY_MS) return;
      saidMs = performance.now();
      const of = total === undefined ? '' : ` of ${total.toLocaleString('en')}`;
      say(terminal, oneLine(`${label}: ${done.toLocaleString('en')}${of} so far, ${note}`, 400));
    },
    waiting: (ms, reason) => {
      bar.end();
      say(terminal, oneLine(`${label}: waits ${Math.ceil(ms / 1000)} s: ${reason}`, 400));
    },
    end: () => bar.end(),
  };
}

export function pulledLine(source: IntelSource, outcome: PullOutcome, terminal: Pick<Terminal, 'colorErr'>): string {
  const status = outcome.ok
    ? paint(terminal.colorErr, 'green', outcome.changed ? 'pulled' : 'nothing new')
    : paint(terminal.colorErr, 'red', outcome.added > 0 ? 'stopped on the way' : 'failed');
  const { feed } = outcome;
  const found = feed === undefined ? '' : [feed.format, counts(feed.statistics.kinds)].filter(Boolean).join(', ');
  const number = (count: number, of: string): string => (count === 0 ? '' : `${count.toLocaleString('en')} ${of}`);
  const amounts =
    source.transport === 'url'
      ? [outcome.ok ? found : '']
      : [number(outcome.added, 'new'), number(outcome.objects, source.transport === 'misp' ? 'events' : 'objects')];
  const parts = [status, ...amounts, number(outcome.damaged, 'damaged')].filter((part) => part !== '');
  return `${oneLine(titleOf(source), 200)}: ${parts.join(', ')}`;
}

export function pulledObject(source: IntelSource, outcome: PullOutcome): Readonly<Record<string, unknown>> {
  const { ok, changed, added, objects, damaged, diagnostics, retryAfterMs, feed } = outcome;
  return {
    name: titleOf(source),
    type: source.transport,
    ok,
    changed,
    added,
    objects,
    damaged,
    ...(feed === undefined ? {} : { format: feed.format, kinds: feed.statistics.kinds }),
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
    problems: diagnostics.map(({ code, severity, message }) => ({ code, severity, message })),
  };
}

function titleOf(source: IntelSource): string {
  return source.name ?? feedNameOf(source.source);
}
