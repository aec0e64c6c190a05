/** `flint state …`: what rules over several events remember in a running service. */
import { Command } from 'commander';
import type { CliCommand } from '../command.ts';
import { lsCommand } from './ls.ts';
import { showCommand } from './show.ts';

export const stateCommand: CliCommand = {
  name: 'state',
  build: (action) => {
    const state = new Command('state').description(
      'windows and memory of rules over several events, of a running service',
    );
    for (const command of [lsCommand, showCommand]) state.addCommand(command.build(action));
    return state;
  },
};
