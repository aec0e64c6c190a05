/** The program as commander sees it: all commands, and what they share. Making it has no effect; parsing runs a command. */
import { Command } from 'commander';
import type { Action } from './command.ts';
import { COMMANDS } from './commands.ts';
import { version } from './version.ts';

/** `wrap` is given the work of a command and returns what commander calls. */
export function createProgram(wrap: (run: Action) => (...values: unknown[]) => Promise<void>): Command {
  const program = new Command('flint')
    .description('Watches any stream of logs and says, in real time and with proof, what in it is malicious.')
    .version(version(), '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .showHelpAfterError('(flint --help lists the commands, flint <command> --help its options with examples)')
    .exitOverride();
  for (const command of COMMANDS) program.addCommand(command.build(wrap));
  for (const command of program.commands) inherit(command, program);
  return program;
}

/** Every command that does something, with its whole name: `flint intel ls`. */
export function leafCommands(command: Command, prefix = ''): { readonly name: string; readonly command: Command }[] {
  const name = `${prefix}${command.name()}`;
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((child) => leafCommands(child, `${name} `));
}

/** Commander hands its settings down to commands that it makes itself only: without them bad usage would end the process with 1. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}
