/** Loading Sigma rules for the commands on rules: from the configuration and from --rules, with the configured pipelines. */
import type { Command } from 'commander';
import { loadConfig, type LoadedConfig } from '../../engine/load-config.ts';
import { readRuleFiles } from '../../engine/rule-files.ts';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma, type SigmaRules } from '../../rules/sigma/load.ts';
import { collect } from '../engine-options.ts';

export interface RuleOptions {
  readonly config?: string;
  readonly rules?: readonly string[];
  readonly pipeline?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addRuleOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file')
    .option('--rules <path>', 'Sigma rules: file or folder (repeatable)', collect)
    .option('--pipeline <file>', 'processing pipeline for Sigma rules (repeatable)', collect)
    .option('--json', 'machine-readable output')
    .option('-q, --quiet', 'nothing on stderr but errors');
}

export interface LoadedRules extends SigmaRules {
  readonly config: LoadedConfig['config'];
}

/** Throws FlintError when the configuration is wrong, a path cannot be read, or no rules are named. */
export function loadRules(options: RuleOptions, more: readonly string[] = []): LoadedRules {
  const loaded = loadConfig(
    {
      ...(options.config !== undefined && { file: options.config }),
      rules: [...(options.rules ?? []), ...more],
      ...(options.pipeline !== undefined && { pipelines: options.pipeline }),
    },
    process.env,
  );
  const { config } = loaded;
  const files = readRuleFiles(config.rules);
  const pipelines = readRuleFiles(config.pipelines);
  const problems: Diagnostic[] = [...loaded.diagnostics, ...files.diagnostics, ...pipelines.diagnostics];
  if (problems.some(({ severity }) => severity === 'error')) throw new FlintError(problems);
  if (config.rules.length === 0) {
    const hint = 'give --rules FOLDER, or -c with a configuration that names some';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no rules are given', { hint })]);
  }
  return { ...loadSigma(files.files, { regexProblem, pipelines: pipelines.files }), config };
}
