/** `flint pattern test FILE`: STIX patterns against fixtures of observed data; one NDJSON line per vector (design section 6.1). */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { PATTERN_TEST_FORMATS, testPatterns } from '../engine/rules/pattern-test.ts';
import type { EventValue } from '../core/event.ts';
import { FlintError, diagnostic } from '../errors/diagnostic.ts';
import type { CliCommand } from './command.ts';
import { EXIT } from './exit.ts';

export const patternCommand: CliCommand = {
  name: 'pattern',
  build: (action) => {
    const pattern = new Command('pattern').description('work with STIX patterns');
    pattern
      .command('test')
      .description('answer a file of pattern or syntax vectors, one NDJSON line each')
      .argument('<file>', 'JSON document with fixtures and vectors, or a list of syntax vectors')
      .option('--explain', 'add what is wrong with a pattern, for people')
      .addHelpText('after', '\nExample:\n  flint pattern test vectors.json | grep \'"result":true\'')
      .action(action((file, options) => test(String(file), (options as { explain?: boolean }).explain === true)));
    return pattern;
  },
};

async function test(file: string, explain: boolean): Promise<number> {
  const outcomes = testPatterns(readDocument(file));
  if (outcomes === undefined) {
    const message = `file "${file}" holds no pattern vectors`;
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', message, { hint: PATTERN_TEST_FORMATS })]);
  }
  for (const { message, ...outcome } of outcomes) {
    process.stdout.write(`${JSON.stringify(explain && message !== undefined ? { ...outcome, message } : outcome)}\n`);
  }
  return EXIT.done;
}

function readDocument(file: string): EventValue {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as EventValue;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlintError(
      [diagnostic('ENV_FILE_UNREADABLE', 'error', `file "${file}" cannot be read as JSON: ${reason}`)],
      { cause: error },
    );
  }
}
