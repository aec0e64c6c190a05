/** `flint intel pull`: fetches the feeds that are URLs into the data directory now. What cannot be had keeps its last good content. */
import { Command } from 'commander';
import { openDataDir } from '../../engine/data-dir.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { FeedState } from '../../intel/intel-set.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, exitCodeOf, printDiagnostics } from '../exit.ts';
import { createProgress } from '../progress.ts';
import { openTerminal, paint, say, type Terminal } from '../terminal.ts';
import { counts, feedObject } from './feed-rows.ts';
import { addIntelOptions, configuredIntel, type IntelOptions } from './intel-options.ts';

export const pullCommand: CliCommand = {
  name: 'pull',
  build: (action) =>
    addIntelOptions(new Command('pull'))
      .description('fetch the feeds that are URLs now, into the data directory')
      .addHelpText(
        'after',
        `
A running service fetches by itself; while it owns the data directory this exits with 3.

Examples:
  flint intel pull -c flint.yaml
  flint intel pull --intel https://feeds.example.org/domains.txt --data-dir /var/lib/flint`,
      )
      .action(action((options) => pull(options as IntelOptions))),
};

async function pull(options: IntelOptions): Promise<number> {
  const terminal = openTerminal(options);
  const configured = configuredIntel(options);
  const sources = configured.sources.filter(({ isUrl }) => isUrl);
  if (sources.length === 0) {
    const hint = 'files and folders are read where they lie: flint intel ls shows them';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no source is a URL', { hint })]);
  }
  const dataDir = openDataDir(configured.dataDir);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const progress = createProgress(terminal, 'pull');
    progress.update(0, sources.length, 'fetching');
    let done = 0;
    const set = await loadIntel(sources, {
      now: Date.now,
      urls: 'ask',
      cacheFolder: dataDir.folder('feeds'),
      signal: stop.signal,
      progress: (feed) => {
        progress.end();
        done++;
        if (terminal.json) terminal.out.write(`${JSON.stringify(feedObject(feed, Date.now()))}\n`);
        else say(terminal, pulledLine(feed, terminal));
        progress.update(done, sources.length, `${done} of ${sources.length}`);
      },
    });
    progress.end();
    const problems = set.diagnostics.filter(({ severity }) => severity === 'error');
    printDiagnostics(problems, terminal);
    if (stop.signal.aborted) return EXIT.interrupted;
    return exitCodeOf(set.feeds.some(({ status }) => status !== 'loaded') ? problems : []);
  } finally {
    process.removeListener('SIGINT', interrupt);
    dataDir.close();
  }
}

export function pulledLine(feed: FeedState, terminal: Pick<Terminal, 'colorErr'>): string {
  const status = paint(terminal.colorErr, feed.status === 'loaded' ? 'green' : 'red', feed.status);
  const kinds = counts(feed.statistics.kinds);
  return `${feed.name}: ${status}${feed.format === 'unknown' ? '' : `, ${feed.format}`}${kinds === '' ? '' : `, ${kinds}`}`;
}
