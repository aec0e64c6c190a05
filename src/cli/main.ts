#!/usr/bin/env node
/** `flint`: reads the command line, runs one command, ends the process with its exit code. The only place that ends it. */
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { EXIT, reportFailure } from './exit.ts';
import { openTerminal } from './terminal.ts';
import { version } from './version.ts';

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('flint')
    .description('Watches any stream of logs and says, in real time and with proof, what in it is malicious.')
    .version(version(), '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .showHelpAfterError('(flint --help lists the commands, flint <command> --help its options with examples)')
    .exitOverride();
  let exitCode: number = EXIT.done;
  for (const command of COMMANDS) {
    const built = command.build((run) => async (...values: unknown[]) => {
      exitCode = await run(...values);
    });
    inherit(built, program);
    program.addCommand(built);
  }
  if (argv.length <= 2) {
    program.outputHelp();
    return EXIT.done;
  }
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return reportFailure(error, openTerminal({}));
  }
}

/** Commander hands its settings down to commands that it makes itself only: without them bad usage would end the process with 1. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}

/** A reader that closes the pipe early (`flint scan … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

process.exitCode = await main(process.argv);
// Inputs and timers are closed by the commands; a forgotten handle must not keep a finished command alive.
if (process.stdout.writableLength === 0) process.exit();
process.stdout.end(() => process.exit());
