/** All commands, in the order that `flint --help` shows them. A new one is its file and one line here. */
import { benchCommand } from './bench.ts';
import { checkCommand } from './check.ts';
import type { CliCommand } from './command.ts';
import { demoCommand } from './demo.ts';
import { intelCommand } from './intel/intel.ts';
import { patternCommand } from './pattern.ts';
import { rulesCommand } from './rules/rules.ts';
import { runCommand } from './run.ts';
import { scanCommand } from './scan.ts';
import { stateCommand } from './state/state.ts';

export const COMMANDS: readonly CliCommand[] = [
  runCommand,
  scanCommand,
  demoCommand,
  checkCommand,
  intelCommand,
  rulesCommand,
  patternCommand,
  stateCommand,
  benchCommand,
];
