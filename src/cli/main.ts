/** `flint`: reads the command line, runs one command, ends the process with its exit code. The only place that ends it. */
import { CommanderError } from 'commander';
import { EXIT, reportFailure } from './exit.ts';
import { createProgram } from './program.ts';
import { openTerminal } from './terminal.ts';

async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = createProgram((run) => async (...values: unknown[]) => {
    exitCode = await run(...values);
  });
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

/** A reader that closes the pipe early (`flint scan … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

/** Whoever read what is said to people has gone: there is nobody left to tell. */
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** Resolves when a pipe has taken all that was written: ending the process would cut off what waits. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

void main(process.argv).then(async (exitCode) => {
  process.exitCode = exitCode;
  await Promise.all([taken(process.stdout), taken(process.stderr)]);
  // Inputs and timers are closed by the commands; a forgotten handle must not keep a finished command alive.
  process.exit();
});
