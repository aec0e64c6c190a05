/** The options that the commands on intelligence share, and the configuration they lead to. */
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../../engine/config/load-config.ts';
import { intelSources } from '../../engine/intel/intel-sources.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { collect } from '../engine-options.ts';

export interface IntelOptions {
  readonly config?: string;
  readonly intel?: readonly string[];
  readonly dataDir?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addIntelOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file')
    .option('--intel <source>', 'indicators: file, folder, URL or compiled file (repeatable)', collect)
    .option('--data-dir <folder>', 'folder of queues, positions and feeds')
    .option('--json', 'machine-readable output')
    .option('-q, --quiet', 'nothing on stderr but errors');
}

export interface ConfiguredIntel {
  readonly sources: readonly IntelSource[];
  readonly dataDir: string;
}

/** Throws FlintError when the configuration is wrong or names no source. */
export function configuredIntel(options: IntelOptions, more: readonly string[] = []): ConfiguredIntel {
  const loaded: LoadedConfig = loadConfig(
    {
      ...(options.config !== undefined && { file: options.config }),
      intel: [...(options.intel ?? []), ...more],
      ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
    },
    process.env,
  );
  if (loaded.diagnostics.some(({ severity }) => severity === 'error')) throw new FlintError(loaded.diagnostics);
  const { sources, diagnostics } = intelSources(loaded, {});
  if (diagnostics.length > 0) throw new FlintError(diagnostics);
  if (sources.length === 0) {
    const hint = 'give --intel FILE, or -c with a configuration that names some';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no source of intelligence is given', { hint })]);
  }
  return { sources, dataDir: loaded.config.data_dir };
}
