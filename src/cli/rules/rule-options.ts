/** Loading Sigma rules for the commands on rules: from the configuration and from --rules, with the configured pipelines. */
import type { Command } from 'commander';
import { loadConfig, type LoadedConfig } from '../../engine/config/load-config.ts';
import { readSigmaTexts } from '../../engine/rules/rule-texts.ts';
import { loadSigmaTexts } from '../../engine/rules/sigma-texts.ts';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { SigmaRules } from '../../rules/sigma/load.ts';
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
    .option('--pipeline <file>', 'processing pipeline for Sigma rules: file or built-in name (repeatable)', collect)
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
  if (hasErrors(loaded.diagnostics)) throw new FlintError(loaded.diagnostics);
  const { texts, diagnostics } = readSigmaTexts(config);
  const problems = [...loaded.diagnostics, ...diagnostics];
  if (hasErrors(problems)) throw new FlintError(problems);
  if (config.rules.length === 0) {
    const hint = 'name a folder, or give --rules FOLDER, or -c with a configuration that names some';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no rules are given', { hint })]);
  }
  return { ...loadSigmaTexts(texts), config };
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
