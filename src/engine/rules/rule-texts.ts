/**
 * The rules of a configuration as texts: Sigma rules, pipelines and what says which of them count, flux specifications, patterns of
 * feeds. Plain data, so that every thread compiles the same. `run`, `scan`, `check` and the commands on rules all read them here.
 */
import type { Level } from '../../core/level.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import type { PatternChange } from '../../intel/store/layered-patterns.ts';
import type { RuleCriteria, RuleSelection } from '../../rules/sigma/rule-selection.ts';
import type { Lateness } from '../../state/order/late-events.ts';
import type { Config } from '../config/config-schema.ts';
import { intelPatterns } from '../intel/intel-patterns.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { readPipelineData, readPipelineFiles } from './pipeline-files.ts';
import type { PatternInput } from './compiled-pattern.ts';
import { type ReadTexts, readRuleFiles, type RuleText } from './rule-files.ts';
import type { SigmaTexts } from './sigma-texts.ts';
import type { FluxText, StatefulOptions } from '../state/stateful-rules.ts';

export interface RuleTexts extends SigmaTexts {
  readonly patterns: readonly PatternInput[];
  /** Entries of `stix_mappings`, checked when they are compiled. */
  readonly stixMappings: readonly unknown[];
  readonly patternGroupBy: readonly string[];
  readonly flux: readonly FluxText[];
  readonly fluxMemory: Config['flux_memory'];
  readonly correlationMemory: Config['correlation_memory'];
  readonly lateness: Lateness;
  readonly processMemory: Config['process_memory'];
  /** `ordered` for files, `eager` for live inputs. */
  readonly mode: StatefulOptions['mode'];
}

/** Group key of flux specifications that name none: the host, as Windows events call it. */
export const DEFAULT_FLUX_GROUP = 'Computer';

/** All rules of the configuration and of its feeds; `changes`: of their patterns, since the set was loaded; `files`: the Sigma rule files, where they were read before. */
export function readRuleTexts(
  loaded: LoadedConfig,
  intel: IntelSet,
  mode: RuleTexts['mode'],
  changes: Iterable<PatternChange> = [],
  files?: ReadTexts,
): { readonly texts: RuleTexts; readonly diagnostics: readonly Diagnostic[] } {
  const { config } = loaded;
  const sigma = readSigmaTexts(config, rulesOfFeeds(intel), files);
  const flux = readFluxTexts(loaded);
  const texts: RuleTexts = {
    ...sigma.texts,
    patterns: intelPatterns(intel, changes),
    stixMappings: config.stix_mappings,
    patternGroupBy: config.pattern_group_by,
    flux: flux.texts,
    fluxMemory: config.flux_memory,
    correlationMemory: config.correlation_memory,
    lateness: {
      latenessMs: config.state.lateness_seconds * 1000,
      ...(config.state.late_events !== undefined && { lateEvents: config.state.late_events }),
    },
    processMemory: config.process_memory,
    mode,
  };
  return { texts, diagnostics: [...sigma.diagnostics, ...flux.diagnostics] };
}

/** Sigma rules that came as indicators, called FEED#ID. */
export function rulesOfFeeds({ sigma, indicators }: Pick<IntelSet, 'sigma' | 'indicators'>): readonly RuleText[] {
  const { feeds } = indicators.columns;
  return sigma.map(({ text, details }) => {
    const indicator = indicators.details(details);
    return { path: `${feeds[indicators.feedOf(details)] ?? ''}#${indicator.id}`, text, indicator };
  });
}

/** The Sigma part of it; `more`: rules that stand in no file of the configuration; `rules`: its files, where they were read before. */
export function readSigmaTexts(
  config: Pick<Config, 'rules' | 'pipelines' | 'rule_selection' | 'placeholders'>,
  more: readonly RuleText[] = [],
  rules = readRuleFiles(config.rules),
): { readonly texts: SigmaTexts; readonly diagnostics: readonly Diagnostic[] } {
  const pipelines = readPipelineFiles(config.pipelines);
  return {
    texts: {
      sigma: [...rules.files, ...more],
      pipelines: pipelines.files,
      pipelineData: readPipelineData(pipelines.files),
      selection: selectionOf(config.rule_selection),
      placeholders: Object.entries(config.placeholders),
    },
    diagnostics: [...rules.diagnostics, ...pipelines.diagnostics],
  };
}

/** The configuration's words for a selection of rules. */
function selectionOf(selection: Config['rule_selection']): RuleSelection {
  return {
    include: selection.include.map(criteriaOf),
    exclude: selection.exclude.map(criteriaOf),
    levels: selection.levels.map(({ criteria, level }) => ({ criteria: criteriaOf(criteria), level: level as Level })),
  };
}

function criteriaOf({ min_level, min_status, ...criteria }: Config['rule_selection']['include'][number]): RuleCriteria {
  return {
    ...criteria,
    ...(min_level !== undefined && { minLevel: min_level as Level }),
    ...(min_status !== undefined && { minStatus: min_status as NonNullable<RuleCriteria['minStatus']> }),
  };
}

function readFluxTexts({ config, locate }: LoadedConfig): {
  readonly texts: readonly FluxText[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const texts = config.flux.flatMap((entry, i) => {
    const { spec, group, capacity, false_positive_rate, equal_times } =
      typeof entry === 'string' ? { spec: entry } : entry;
    const { files, diagnostics: unreadable } = readRuleFiles([spec]);
    const span = locate?.(`flux.${i}`);
    diagnostics.push(...unreadable.map((problem) => (span === undefined ? problem : { ...problem, span })));
    return files.map(({ path, text }) => ({
      path,
      text,
      group: group ?? DEFAULT_FLUX_GROUP,
      ...(capacity !== undefined && { capacity }),
      ...(equal_times !== undefined && { equalTimes: equal_times }),
      ...(false_positive_rate !== undefined && { falsePositiveRate: false_positive_rate }),
    }));
  });
  return { texts, diagnostics };
}
