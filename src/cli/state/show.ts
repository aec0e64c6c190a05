/** `flint state show RULE`: the windows of one rule, what is in them, and what their condition lacks. */
import { Command } from 'commander';
import type { GroupReport } from '../../state/snapshot/stateful-part.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { oneLine, openTerminal, paint, say } from '../terminal.ts';
import { addServiceOptions, askService, type ServiceOptions } from './ask-service.ts';

interface ShowOptions extends ServiceOptions {
  readonly filter?: string;
  readonly limit?: string;
}

export const showCommand: CliCommand = {
  name: 'show',
  build: (action) =>
    addServiceOptions(new Command('show'))
      .description('windows of a correlation or pattern by group: what is in them, and why they did not fire')
      .argument('<rule>', 'id or title of the rule, as flint state ls shows them')
      .option('--filter <text>', 'only groups with this text in a value of their key')
      .option('--limit <count>', 'groups shown, 1 to 1,000; default 100')
      .addHelpText('after', '\nExamples:\n  flint state show 4c1d... -c flint.yaml --filter alice')
      .action(action((rule, options) => show(String(rule), options as ShowOptions))),
};

async function show(rule: string, options: ShowOptions): Promise<number> {
  const terminal = openTerminal(options);
  const query = new URLSearchParams({ rule });
  if (options.filter !== undefined) query.set('filter', options.filter);
  if (options.limit !== undefined) query.set('limit', options.limit);
  const { groups } = (await askService(`/api/state?${query}`, options)) as { readonly groups: readonly GroupReport[] };
  for (const group of groups)
    terminal.out.write(`${terminal.json ? JSON.stringify(group) : groupText(group, terminal.colorOut)}\n`);
  if (groups.length === 0) say(terminal, 'no group is open');
  return EXIT.done;
}

function groupText(report: GroupReport, color: boolean): string {
  const { group, fromMs, toMs, entries, state, missing, events } = report;
  const key = Object.entries(group).map(([name, value]) => `${name}=${value}`);
  const verdict = missing.length === 0 ? paint(color, 'green', 'holds') : paint(color, 'red', missing.join('; '));
  return [
    paint(color, 'bold', oneLine(key.length === 0 ? 'all events' : key.join(' '), 200)),
    `  ${entries} in the window${entries === 0 ? '' : `, ${timeText(fromMs)} to ${timeText(toMs)}`}`,
    `  ${oneLine(state, 200)}: ${oneLine(verdict, 400)}`,
    ...events.map(({ source, position, timeMs }) => `    ${timeText(timeMs)}  ${oneLine(source, 80)} @ ${position}`),
  ].join('\n');
}

function timeText(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'no time';
}
