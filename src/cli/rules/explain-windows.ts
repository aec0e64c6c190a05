/**
 * `flint rules explain` for rules over several events: correlations, flux rules, STIX patterns over several observations. The events go
 * through the engine as in `flint scan`; told is, for each group, what the rule fired with, or the window that came nearest and what it lacked.
 */
import { readFileSync } from 'node:fs';
import { buildGeneration } from '../../engine/build-generation.ts';
import { listFiles } from '../../engine/files/list-files.ts';
import { readYamlFile } from '../../config/yaml-file.ts';
import { loadConfig, type LoadedConfig } from '../../engine/config/load-config.ts';
import { DEFAULT_FLUX_GROUP, readSigmaTexts } from '../../engine/rules/rule-texts.ts';
import { scanFiles } from '../../engine/files/scan-files.ts';
import { loadSigmaTexts } from '../../engine/rules/sigma-texts.ts';
import { feedFolderOf } from '../../engine/intel/stored-sources.ts';
import { WindowHistory } from '../../engine/state/window-history.ts';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { parseFluxSpec } from '../../rules/flux/parse-spec.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { isMemoryOf, type StateReport } from '../../state/snapshot/stateful-part.ts';
import { configFlags } from '../engine-options.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { openTerminal, say } from '../terminal.ts';
import type { RuleOptions } from './rule-options.ts';
import { groupHistoryObject, groupHistoryText, ruleHistoryObject, ruleHistoryText } from './window-text.ts';

export interface WindowOptions extends RuleOptions {
  readonly intel?: readonly string[];
  readonly flux?: readonly string[];
  readonly fluxGroup?: string;
  readonly logsource?: string;
  readonly filter?: string;
  readonly limit?: string;
}

/** A rule over several events that was asked for. */
export interface WindowRule {
  readonly id: string;
  readonly name: string;
  readonly engine: 'correlation' | 'flux' | 'pattern';
  /** What its matches come from, with names for people. */
  readonly sources: ReadonlyMap<string, string>;
  /** Fields that a match is left out for, by reason. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export interface ChosenWindows {
  readonly loaded: LoadedConfig;
  /** Undefined: patterns of the intelligence with this id or name. */
  readonly rules: readonly WindowRule[] | string;
}

const DEFAULT_LIMIT = 20;

/** The rules over several events that `name` means; undefined when it means a rule over one event, or nothing known. */
export function chooseWindows(name: string, isFile: boolean, options: WindowOptions): ChosenWindows | undefined {
  const isFlux = isFile && isFluxFile(name);
  const load = (more: Pick<WindowOptions, 'rules' | 'flux'>): LoadedConfig => {
    const loaded = loadConfig(configFlags({ ...options, ...more }), process.env);
    const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw new FlintError(errors);
    return loaded;
  };
  if (isFlux) {
    const named = options.flux?.includes(name) === true;
    const loaded = load(named ? {} : { flux: [...(options.flux ?? []), name] });
    return { loaded, rules: fluxRules(loaded).filter(({ file }) => file === name) };
  }
  const given = isFile && options.intel?.includes(name) !== true;
  const loaded = load(given ? { rules: [...(options.rules ?? []), name] } : {});
  const sigma = sigmaRules(loaded);
  const correlations = sigma.correlations.filter((rule) =>
    isFile ? rule.file === name : isNamed(name, rule.id, rule.name),
  );
  if (correlations.length > 0) return { loaded, rules: correlations };
  if (!isFile && sigma.detections.some(({ details }) => isNamed(name, details.id, details.name))) return undefined;
  const flux = fluxRules(loaded).filter(({ id }) => isNamed(name, id));
  if (flux.length > 0) return { loaded, rules: flux };
  const isDetection = isFile && given;
  return loaded.config.intel.length > 0 && !isDetection ? { loaded, rules: name } : undefined;
}

function isNamed(name: string, ...names: readonly string[]): boolean {
  return names.some((one) => one === name || one.toLowerCase() === name.toLowerCase());
}

/** Flux specifications are maps with a list `rules` of entries with a `rulename`. */
function isFluxFile(path: string): boolean {
  if (!/\.ya?ml$/i.test(path)) return false;
  const { value } = readYamlFile(path);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'rules');
}

function sigmaRules({ config }: LoadedConfig): {
  readonly correlations: readonly (WindowRule & { readonly file: string })[];
  readonly detections: readonly DetectionRule[];
} {
  if (config.rules.length === 0) return { correlations: [], detections: [] };
  const { correlations, detections } = loadSigmaTexts(readSigmaTexts(config).texts);
  const titles = new Map([...correlations, ...detections].map(({ details }) => [details.id, details.name]));
  const watched = correlations.map(({ details, origin, rules, groupBy, condition }) => ({
    ...{ id: details.id, name: details.name, engine: 'correlation' as const, file: origin.file },
    sources: new Map(rules.map((id) => [id, titles.get(id) ?? id])),
    fields: new Map([
      ['missing-group-field', groupBy.map(({ name }) => name)],
      ...(condition.kind === 'threshold' ? ['missing-value', 'not-numeric'] : []).map(
        (reason) => [reason, condition.kind === 'threshold' ? condition.fields.map(({ name }) => name) : []] as const,
      ),
    ]),
  }));
  return { correlations: watched, detections };
}

function fluxRules({ config }: LoadedConfig): (WindowRule & { readonly file: string })[] {
  return config.flux.flatMap((entry) => {
    const { spec: file, group = DEFAULT_FLUX_GROUP } = typeof entry === 'string' ? { spec: entry } : entry;
    return parseFluxSpec(readText(file), file).spec.rules.map(({ name, tags }) => ({
      ...{ id: name, name, engine: 'flux' as const, file },
      sources: new Map(tags.map((tag) => [tag, tag])),
      fields: new Map([['missing-group-field', [group]]]),
    }));
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = diagnostic('ENV_FILE_UNREADABLE', 'error', `file "${path}" cannot be read: ${reason}`);
    throw new FlintError([problem], { cause: error });
  }
}

export async function explainWindows(
  { loaded, rules }: ChosenWindows,
  path: string,
  options: WindowOptions,
): Promise<number> {
  const terminal = openTerminal(options);
  const limit = limitOf(options.limit);
  const names = typeof rules === 'string' ? undefined : new Set(rules.map(({ id }) => id));
  // Which patterns have the name is known when they are loaded.
  const patterns = new Map<string, WindowRule>();
  const history = new WindowHistory((id) => names?.has(id) ?? patterns.has(id));
  // Single indicators and patterns have no part in the windows of other rules.
  const config = names === undefined ? loaded.config : { ...loaded.config, intel: [] };
  const generation = await buildGeneration(
    { ...loaded, config, dropIn: false },
    { mode: 'scan', watch: history, storedFolder: feedFolderOf(config.data_dir), report: () => undefined },
  );
  printDiagnostics(
    generation.diagnostics.filter(({ severity }) => severity === 'error'),
    terminal,
  );
  if (typeof rules === 'string')
    for (const { id, name, observations } of generation.rules.patterns?.overSeveral() ?? [])
      if (isNamed(rules, id, name))
        patterns.set(id, {
          ...{ id, name, engine: 'pattern' },
          sources: new Map(observations.map((one) => [one, one])),
          fields: new Map(),
        });
  const chosen = typeof rules === 'string' ? [...patterns.values()] : rules;
  if (chosen.length === 0) {
    await generation.close();
    throw unknownRule(String(rules));
  }
  for (const { id, sources } of chosen) history.announce(id, [...sources.keys()]);
  const problems: Diagnostic[] = [];
  const summary = await scanFiles(listFiles([path]), generation, {
    maxRecordBytes: config.limits.record_bytes,
    timezone: config.timezone,
    ...(options.logsource !== undefined && { logsource: options.logsource }),
    inflate: { maxBytes: Number.MAX_SAFE_INTEGER, maxRatio: 10_000, maxWindowBytes: 1 << 27 },
    now: Date.now,
    onFound: () => Promise.resolve(),
    onProgress: () => undefined,
    onDiagnostic: (problem) => problems.push(problem),
  });
  generation.rules.patterns?.tellWindows();
  await generation.close();
  printDiagnostics(problems, terminal);
  const unrecognised = Number(generation.counts().unrecognised);
  if (unrecognised > 0)
    say(
      terminal,
      `no Sigma rule was tried on ${unrecognised} events: nothing tells their log source; --logsource says it`,
    );
  if (summary.records === 0) say(terminal, `"${path}" holds no records`);
  const reports = generation.parts.flatMap((part) => part.report());
  const reportOf = ({ id, engine }: WindowRule): StateReport | undefined =>
    reports.find((report) => report.engine === engine && isMemoryOf(report, id));
  for (const rule of chosen) {
    const told = history.rules().find((one) => one.rule === rule.id);
    if (told === undefined) continue;
    const { late = 0, early = 0, undecided = 0, evicted = 0 } = reportOf(rule) ?? {};
    const takesLate = (config.state.late_events ?? (rule.engine === 'flux' ? 'evaluate' : 'drop')) === 'evaluate';
    const head = { ...told, records: summary.records, late, takesLate, early, undecided, evicted };
    const write = (object: object, text: string): void =>
      void terminal.out.write(`${isForPeople(terminal) ? text : JSON.stringify(object)}\n`);
    write(ruleHistoryObject(rule, head), ruleHistoryText(rule, head, terminal.colorOut));
    const groups = history
      .groupsOf(rule.id)
      .filter(
        ({ group }) =>
          options.filter === undefined ||
          Object.values(group).some((value) => value.includes(options.filter as string)),
      );
    for (const group of groups.slice(0, limit))
      write(groupHistoryObject(rule, group), groupHistoryText(rule, group, terminal.colorOut));
    const more = groups.length - limit;
    if (more > 0) say(terminal, `${more} more groups of "${rule.name}"; --limit shows more, --filter chooses`);
  }
  if (history.untold > 0) say(terminal, `${history.untold} windows of further groups were not looked at`);
  return problems.length > 0 && summary.records === 0 ? EXIT.usage : EXIT.done;
}

/** A table on a terminal, NDJSON in pipes and with --json. */
function isForPeople({ out, json }: ReturnType<typeof openTerminal>): boolean {
  return out.isTTY === true && !json;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', `--limit "${text}" is no number from 1 to 999999`)]);
}

function unknownRule(name: string): FlintError {
  const hint = 'flint rules ls shows the Sigma rules that are loaded; a pattern decided by one event has no windows';
  return new FlintError([
    diagnostic('CONFIG_BAD_USAGE', 'error', `no rule and no pattern over several observations "${name}" is loaded`, {
      hint,
    }),
  ]);
}
