/** `flint intel ls`: sources and what they gave, read from files and from the data directory; nothing is fetched. */
import { Command } from 'commander';
import { storedSources } from '../../engine/intel/stored-sources.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { shownSource } from '../../intel/shown-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import { countStates, type StateCounts } from '../../intel/state-counts.ts';
import type { CliCommand } from '../command.ts';
import { counted } from '../count-text.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { renderTable } from '../table.ts';
import { openTerminal, say } from '../terminal.ts';
import { emptyRow, FEED_COLUMNS, feedObject, feedRow, missingRow } from './feed-rows.ts';
import { fetchedSources, HEALTH_COLUMNS, healthObject, healthRow } from './health-rows.ts';
import { addIntelOptions, configuredIntel, type IntelOptions } from './intel-options.ts';

export const lsCommand: CliCommand = {
  name: 'ls',
  build: (action) =>
    addIntelOptions(new Command('ls'))
      .description('sources, what they gave by kind, what was left out and why; how those that are fetched are doing')
      .addHelpText('after', '\nExamples:\n  flint intel ls -c flint.yaml\n  flint intel ls --intel feeds/ --json')
      .action(action((options) => list(options as IntelOptions))),
};

async function list(options: IntelOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { sources, dataDir } = configuredIntel(options);
  const { stored, missing, cacheFolder } = await storedSources(sources, dataDir);
  const empty: IntelSource[] = [];
  let done = 0;
  const set = await loadIntel(stored, {
    now: Date.now,
    urls: 'cached',
    sourceDone: (feeds) => {
      const source = stored[done++];
      if (feeds === 0 && source !== undefined) empty.push(source);
    },
    ...(cacheFolder !== undefined && { cacheFolder }),
  });
  const nowMs = Date.now();
  const states = countStates(set, nowMs);
  const fetched = await fetchedSources(sources, cacheFolder);
  if (terminal.json) {
    for (const feed of set.feeds) terminal.out.write(`${JSON.stringify(feedObject(feed, nowMs))}\n`);
    for (const source of empty)
      terminal.out.write(`${JSON.stringify({ name: shownSource(source.source), status: 'failed' })}\n`);
    for (const source of missing)
      terminal.out.write(`${JSON.stringify({ name: shownSource(source.source), status: 'not fetched' })}\n`);
    for (const one of fetched) terminal.out.write(`${JSON.stringify(healthObject(one))}\n`);
    terminal.out.write(`${JSON.stringify({ totals: { different: set.indicators.size, ...states } })}\n`);
  } else {
    const feeds = set.feeds.map((feed) => feedRow(feed, nowMs));
    const rows = [...feeds, ...empty.map(emptyRow), ...missing.map(missingRow)];
    const width = terminal.out.isTTY === true ? terminal.out.columns || 120 : Number.POSITIVE_INFINITY;
    const how = { color: terminal.colorOut, width };
    terminal.out.write(`${renderTable(FEED_COLUMNS, rows, how)}\n`);
    const health = fetched.map((one) => healthRow(one, nowMs));
    if (health.length > 0) terminal.out.write(`\n${renderTable(HEALTH_COLUMNS, health, how)}\n`);
  }
  printDiagnostics(
    set.diagnostics.filter(({ severity }) => severity === 'error'),
    terminal,
  );
  const { indicators, benign, deferred, sigma } = set;
  const parts = [
    counted(indicators.size, 'different indicator'),
    ...(deferred.length > 0 ? [`${counted(deferred.length, 'pattern')} for the pattern engine`] : []),
    ...(sigma.length > 0 ? [counted(sigma.length, 'Sigma rule')] : []),
    counted(benign.size, 'benign value'),
  ];
  say(terminal, parts.join(', '));
  say(terminal, stateLine(states));
  return EXIT.done;
}

function stateLine({ active, benignSuppressed, notYetValid, expired, revoked }: StateCounts): string {
  const parts = [
    [active, 'active'],
    [benignSuppressed, 'of them suppressed as benign'],
    [notYetValid, 'not yet valid'],
    [expired, 'expired'],
    [revoked, revoked === 1 ? 'id revoked' : 'ids revoked'],
  ] as const;
  return parts.map(([count, what]) => `${count.toLocaleString('en')} ${what}`).join(', ');
}
