/** What a command file exports: its commander definition, given a wrapper that keeps the exit code of its action. */
import type { Command } from 'commander';

export type Action = (...values: unknown[]) => Promise<number>;

export interface CliCommand {
  readonly name: string;
  build(action: (run: Action) => (...values: unknown[]) => Promise<void>): Command;
}
