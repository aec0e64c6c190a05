/** `flint intel compile SRC… -o FILE`: sources to one file that loads by reading. Written whole or not at all, and what is left out is said. */
import { statSync } from 'node:fs';
import { Command } from 'commander';
import { formatBytes } from '../byte-amount.ts';
import { compileTables } from '../../engine/intel/compiled-tables.ts';
import { feedFolderOf } from '../../engine/intel/stored-sources.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { compileIntel } from '../../intel/compiled-intel.ts';
import type { FeedState, IntelSet } from '../../intel/intel-set.ts';
import { type IntelSource, isRemote, readIntelSource } from '../../intel/intel-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import type { CliCommand } from '../command.ts';
import { collect } from '../engine-options.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { openTerminal, say } from '../terminal.ts';
import { counts } from './feed-rows.ts';
import { addIntelOptions, configuredIntel, type IntelOptions } from './intel-options.ts';

interface CompileOptions extends IntelOptions {
  readonly output: string;
  readonly benign?: readonly string[];
  readonly keepGoing?: boolean;
}

export const compileCommand: CliCommand = {
  name: 'compile',
  build: (action) =>
    addIntelOptions(new Command('compile'))
      .description('write sources as one file that loads by reading, for --intel')
      .argument('[sources...]', 'files, folders, URLs, compiled files; those of --intel and -c are added')
      .requiredOption('-o, --output <file>', 'file to write')
      .option('--benign <source>', 'values that suppress alerts (repeatable)', collect)
      .option('--keep-going', 'write what could be read although a source is broken or missing')
      .addHelpText(
        'after',
        `
Examples:
  flint intel compile feeds/ -o feeds.flint
  flint intel compile feeds/ --benign top-sites.txt -o feeds.flint
  flint scan --intel feeds.flint access.log`,
      )
      .action(action((sources, options) => compile(sources as string[], options as CompileOptions))),
};

async function compile(given: readonly string[], options: CompileOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { sources, dataDir } = configuredIntel(options, given);
  const all = [...sources, ...(options.benign ?? []).map(benignSource)];
  const urls = all.some(isRemote);
  const set = await loadIntel(all, {
    now: Date.now,
    ...(urls && { cacheFolder: feedFolderOf(dataDir) }),
    progress: (feed) => say(terminal, compiledLine(feed)),
  });
  const errors = set.diagnostics.filter(({ severity }) => severity === 'error');
  printDiagnostics(errors, terminal);
  const isWhole = set.feeds.every(({ status }) => status === 'loaded') && !isMissing(set);
  if (!isWhole && options.keepGoing !== true) {
    say(
      terminal,
      `"${options.output}" is not written: a source is broken or missing; --keep-going writes it all the same`,
    );
    return errors.every(({ code }) => code === 'INTEL_FETCH_FAILED') ? EXIT.unavailable : EXIT.usage;
  }
  try {
    compileIntel(set, options.output, compileTables(set.indicators, set.deferred.length));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new FlintError(
      [diagnostic('ENV_FILE_UNREADABLE', 'error', `"${options.output}" cannot be written: ${code ?? message}`)],
      { cause: error },
    );
  }
  const result = {
    file: options.output,
    bytes: statSync(options.output).size,
    sourceBytes: set.feeds.reduce((sum, feed) => sum + feed.bytes, 0),
    feeds: set.feeds.length,
    indicators: set.indicators.size,
    benign: set.benign.size,
    patterns: set.deferred.length,
    bad: set.feeds.reduce((sum, feed) => sum + feed.statistics.bad, 0),
  };
  terminal.out.write(`${terminal.json ? JSON.stringify(result) : writtenLine(result)}\n`);
  return EXIT.done;
}

/** A path that gave no feed at all. */
function isMissing(set: IntelSet): boolean {
  return set.diagnostics.some(({ code, severity }) => severity === 'error' && code === 'INTEL_UNREADABLE');
}

function benignSource(text: string): IntelSource {
  const read = readIntelSource({ source: text, role: 'benign' }, '--benign');
  if (!read.ok) throw new FlintError(read.diagnostics);
  return read.source;
}

export function compiledLine({ name, format, status, statistics }: FeedState): string {
  const { kinds, skipped, deferred, bad } = statistics;
  const leftOut = counts({ ...skipped, ...(bad > 0 && { bad }) });
  const parts = [format, status, counts(kinds), leftOut === '' ? '' : `left out: ${leftOut}`];
  const patterns = Object.values(deferred).reduce((sum, count) => sum + count, 0);
  if (patterns > 0) parts.push(`${patterns.toLocaleString('en')} patterns`);
  return `${name}: ${parts.filter((part) => part !== '').join('; ')}`;
}

function writtenLine(result: {
  file: string;
  bytes: number;
  sourceBytes: number;
  indicators: number;
  benign: number;
  patterns: number;
}): string {
  const { indicators, benign, patterns } = result;
  const others = [
    ...(benign > 0 ? [`${benign.toLocaleString('en')} benign values`] : []),
    ...(patterns > 0 ? [`${patterns.toLocaleString('en')} patterns`] : []),
  ];
  return `${result.file}: ${formatBytes(result.bytes)} from ${formatBytes(result.sourceBytes)}; ${[`${indicators.toLocaleString('en')} indicators`, ...others].join(', ')}`;
}
