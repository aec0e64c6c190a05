/** docs/cli.md from the commands themselves: every argument, option, default and example stands once, in the command's file. */
import type { Command, Option } from 'commander';
import { createProgram, leafCommands } from '../program.ts';

const INTRODUCTION = `# Command line

Generated from the commands themselves (\`npm run docs\`); \`flint <command> --help\` says the same.

Data goes to stdout, everything else to stderr. On a terminal alerts and tables are for people; into a pipe, or with \`--json\`, they are one JSON object a line (NDJSON). \`NO_COLOR\` switches colours off, \`--quiet\` leaves only errors on stderr.

| exit code | meaning |
| --- | --- |
| 0 | done; finding something does not change it |
| 1 | unexpected failure |
| 2 | bad usage, configuration or input path; with \`check\` and \`--strict\` also a bad rule or indicator |
| 3 | a service or the data directory cannot be had |
| 130 | interrupted twice |

Every key of the configuration file can be given in the environment too: \`FLINT_ALERTS__MAX_HITS=10\` ([config.md](config.md)). \`LISTEN_PORT\` and \`OUTPUT\` alone make \`flint run\` a stand-in for STIX Spark ([drop-in.md](drop-in.md)).
`;

export function cliPage(): string {
  const program = createProgram(() => async () => undefined);
  return `${[INTRODUCTION, ...leafCommands(program).map(({ name, command }) => section(name, command))].join('\n')}`;
}

function section(name: string, command: Command): string {
  const usage = `${name} ${command.usage()}`.trim();
  const options = command.options.filter((option) => !option.hidden);
  const given = command.registeredArguments.map(
    (argument) => `| \`${argument.name()}\` | ${cell(argument.description)} | |`,
  );
  const rows = [...given, ...options.map(optionRow)];
  const after = helpAfter(command);
  return [
    `## ${name}`,
    '',
    `${sentence(command.description())}`,
    '',
    ['```', usage, '```'].join('\n'),
    '',
    ...(rows.length === 0 ? [] : ['| argument or option | meaning | default |', '| --- | --- | --- |', ...rows, '']),
    ...(after === '' ? [] : ['```', after, '```', '']),
  ].join('\n');
}

function optionRow(option: Option): string {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`;
  const standard = option.defaultValue === undefined || option.negate ? '' : `\`${String(option.defaultValue)}\``;
  return `| \`${option.flags}\` | ${cell(option.description + choices)} | ${standard} |`;
}

/** What a command's help says behind its options: notes and examples. */
export function helpAfter(command: Command): string {
  let text = '';
  const { writeOut } = command.configureOutput();
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  command.configureOutput(writeOut === undefined ? {} : { writeOut });
  return text.slice(command.helpInformation().length).trim();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
