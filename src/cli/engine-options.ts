/** The options that `run` and `scan` share, and how they become configuration flags. */
import { type Command, InvalidArgumentError } from 'commander';
import { suggestion } from '../errors/nearest.ts';
import type { ConfigFlags } from '../engine/config/load-config.ts';

export interface EngineOptions {
  readonly config?: string;
  readonly intel?: readonly string[];
  readonly rules?: readonly string[];
  readonly pipeline?: readonly string[];
  readonly flux?: readonly string[];
  readonly fluxGroup?: string;
  readonly fluxCapacity?: string;
  readonly workers?: string;
  readonly dataDir?: string;
  readonly keyMap?: string;
  readonly strict?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addEngineOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file')
    .option('--intel <source>', 'indicators: file, folder, URL or compiled file (repeatable)', collect)
    .option('--rules <path>', 'Sigma rules: file or folder (repeatable)', collect)
    .option('--pipeline <file>', 'processing pipeline for Sigma rules: file or built-in name (repeatable)', collect)
    .option('--flux <spec>', 'flux specification (repeatable)', collect)
    .option('--flux-group <field>', 'field that holds the group key of flux specifications')
    .option('--flux-capacity <n>', 'Bloom memory of n tags per group, as the original; default: exact memory')
    .option('-k, --key-map <file>', 'key-mapping file of STIX Spark')
    .option('--workers <n>', 'threads that scan and match: a number or "auto"')
    .option('--data-dir <folder>', 'folder of queues, positions and feeds')
    .option('--strict', 'exit with 2 on a bad rule or indicator instead of skipping it')
    .option('--json', 'machine-readable output')
    .option('-q, --quiet', 'nothing on stderr but errors');
}

export function configFlags(options: EngineOptions): ConfigFlags {
  return {
    ...(options.config !== undefined && { file: options.config }),
    ...(options.intel !== undefined && { intel: options.intel }),
    ...(options.rules !== undefined && { rules: options.rules }),
    ...(options.pipeline !== undefined && { pipelines: options.pipeline }),
    ...(options.flux !== undefined && { flux: options.flux }),
    ...(options.fluxGroup !== undefined && { fluxGroup: options.fluxGroup }),
    ...(options.fluxCapacity !== undefined && { fluxCapacity: Number(options.fluxCapacity) }),
    ...(options.keyMap !== undefined && { keyMap: options.keyMap }),
    ...(options.workers !== undefined && { workers: options.workers }),
    ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
    ...(options.strict === true && { strict: true }),
  };
}

export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A parser for options that take one of a few words, several times. */
export function collectFrom(
  known: readonly string[],
): (value: string, before: readonly string[] | undefined) => string[] {
  return (value, before) => {
    if (!known.includes(value)) throw new InvalidArgumentError(`One of ${known.join(', ')}${suggestion(value, known)}`);
    return collect(value, before);
  };
}
