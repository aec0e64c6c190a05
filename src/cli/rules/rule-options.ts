/** Loading Sigma rules for the commands on rules: from the configuration and from --rules, with the configured pipelines. */
import type { Command } from 'commander';
import { loadConfig, type LoadedConfig } from '../../engine/config/load-config.ts';
import type { IndicatorDetails } from '../../core/indicator.ts';
import { intelSources } from '../../engine/intel/intel-sources.ts';
import { storedSources } from '../../engine/intel/stored-sources.ts';
import type { RuleText } from '../../engine/rules/rule-files.ts';
import { readSigmaTexts, rulesOfFeeds } from '../../engine/rules/rule-texts.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import { openRuleCache } from '../../engine/rules/rule-cache.ts';
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

/**
 * Throws FlintError when the configuration is wrong, a path cannot be read, or no rules are named. `searchesOf`: names of rules (id, title
 * or file) whose search identifiers are wanted as rules of their own.
 */
export function loadRules(options: RuleOptions, more: readonly string[] = [], searchesOf?: string): LoadedRules {
  return loadTexts(configOf(options, more), [], searchesOf);
}

/** As `loadRules`, with the Sigma rules of feeds that the configuration names, as they lie on disk; nothing is fetched. */
export async function loadRulesAndFeeds(
  options: RuleOptions,
  more: readonly string[],
): Promise<LoadedRules & { readonly fromFeeds: ReadonlyMap<string, IndicatorDetails> }> {
  const loaded = configOf(options, more);
  const { sources, diagnostics } = intelSources(loaded, {});
  if (hasErrors(diagnostics)) throw new FlintError(diagnostics);
  const { stored, cacheFolder } = await storedSources(sources, loaded.config.data_dir);
  const known = cacheFolder === undefined ? {} : { cacheFolder };
  const texts = rulesOfFeeds(await loadIntel(stored, { now: Date.now, urls: 'cached', ...known }));
  const fromFeeds = texts.flatMap(({ path, indicator }) =>
    indicator === undefined ? [] : [[path, indicator] as const],
  );
  return { ...loadTexts(loaded, texts), fromFeeds: new Map(fromFeeds) };
}

function configOf(options: RuleOptions, more: readonly string[]): LoadedConfig {
  const loaded = loadConfig(
    {
      ...(options.config !== undefined && { file: options.config }),
      rules: [...(options.rules ?? []), ...more],
      ...(options.pipeline !== undefined && { pipelines: options.pipeline }),
    },
    process.env,
  );
  if (hasErrors(loaded.diagnostics)) throw new FlintError(loaded.diagnostics);
  return loaded;
}

function loadTexts(
  { config, diagnostics: found }: LoadedConfig,
  fromFeeds: readonly RuleText[],
  searchesOf?: string,
): LoadedRules {
  const { texts, diagnostics } = readSigmaTexts(config, fromFeeds);
  const cache = openRuleCache(config);
  const problems = [...found, ...diagnostics, ...cache.beginLoad(texts.sigma.length)];
  if (hasErrors(problems)) throw new FlintError(problems);
  if (config.rules.length + fromFeeds.length === 0) {
    const hint = 'name a folder, or give --rules FOLDER, or -c with a configuration that names some';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no rules are given', { hint })]);
  }
  const asked = searchesOf === undefined ? {} : { identifiersOf: new Set([searchesOf]) };
  return { ...loadSigmaTexts(texts, { known: cache.rules, ...asked }), config };
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
