/** `flint intel …`: the commands on sources of intelligence. A new one is its file and one line here. */
import { Command } from 'commander';
import type { CliCommand } from '../command.ts';
import { compileCommand } from './compile.ts';
import { lookupCommand } from './lookup.ts';
import { lsCommand } from './ls.ts';
import { pullCommand } from './pull.ts';

export const intelCommand: CliCommand = {
  name: 'intel',
  build: (action) => {
    const intel = new Command('intel').description('sources of intelligence: list, fetch, look up, compile');
    for (const command of [lsCommand, pullCommand, lookupCommand, compileCommand])
      intel.addCommand(command.build(action));
    return intel;
  },
};
