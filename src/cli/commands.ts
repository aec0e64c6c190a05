/** All commands, in the order that `flint --help` shows them. A new one is its file and one line here. */
import type { CliCommand } from './command.ts';
import { patternCommand } from './pattern.ts';

export const COMMANDS: readonly CliCommand[] = [patternCommand];
