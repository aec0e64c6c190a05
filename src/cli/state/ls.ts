/** `flint state ls`: memory of each rule that spans events, and the last snapshot. */
import { Command } from 'commander';
import type { StateOverview } from '../../server/service-view.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { type Column, renderTable } from '../table.ts';
import { openTerminal, say } from '../terminal.ts';
import { addServiceOptions, askService, type ServiceOptions } from './ask-service.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ENGINE' },
  ...['GROUPS', 'ENTRIES', 'BYTES', 'WAITING', 'LATE', 'EVICTED', 'GIVEN UP'].map((title) => ({
    title,
    align: 'right' as const,
  })),
  { title: 'RULE' },
  { title: 'NAME', max: 60 },
];

export const lsCommand: CliCommand = {
  name: 'ls',
  build: (action) =>
    addServiceOptions(new Command('ls'))
      .description('groups, entries and memory of each rule over several events')
      .addHelpText(
        'after',
        '\nExamples:\n  flint state ls -c flint.yaml\n  flint state ls --url http://127.0.0.1:8720 --json',
      )
      .action(action((options) => list(options as ServiceOptions))),
};

async function list(options: ServiceOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { rules, snapshot } = (await askService('/api/state', options)) as StateOverview;
  if (terminal.json) {
    for (const rule of rules) terminal.out.write(`${JSON.stringify(rule)}\n`);
    return EXIT.done;
  }
  const rows = rules.map(({ engine, groups, entries, bytes, waiting, late, evicted, undecided = 0, rule, name }) => [
    engine,
    ...[groups, entries, bytes, waiting, late, evicted, undecided].map((count) => count.toLocaleString('en')),
    rule,
    name,
  ]);
  const width = terminal.out.isTTY === true ? terminal.out.columns || 120 : Number.POSITIVE_INFINITY;
  terminal.out.write(`${renderTable(COLUMNS, rows, { color: terminal.colorOut, width })}\n`);
  say(
    terminal,
    snapshot === undefined
      ? 'nothing is saved: no rule spans events'
      : `last saved ${new Date(snapshot.savedMs).toISOString()}, ${snapshot.bytes.toLocaleString('en')} bytes`,
  );
  return EXIT.done;
}
