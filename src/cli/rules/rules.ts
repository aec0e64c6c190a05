/** `flint rules …`: the commands on Sigma rules. A new one is its file and one line here. */
import { Command } from 'commander';
import type { CliCommand } from '../command.ts';
import { coverageCommand } from './coverage.ts';
import { explainCommand } from './explain.ts';
import { lsCommand } from './ls.ts';
import { sqlCommand } from './sql.ts';
import { testCommand } from './test.ts';

export const rulesCommand: CliCommand = {
  name: 'rules',
  build: (action) => {
    const rules = new Command('rules').description('Sigma rules: list, explain, test, SQL, coverage');
    for (const command of [lsCommand, explainCommand, testCommand, sqlCommand, coverageCommand])
      rules.addCommand(command.build(action));
    return rules;
  },
};
