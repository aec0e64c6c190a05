/**
 * `flint check`: everything that a start would read, read without starting: configuration, inputs and outputs, key map, Sigma rules,
 * flux specifications, intelligence. All findings are collected. No socket is opened: a feed that is a URL is checked as far as
 * its cached content goes. A bad rule or indicator, which `run` reports and skips, is an error here.
 */
import { join } from 'node:path';
import { resolveSecret } from '../../config/secret.ts';
import { Check } from 'typebox/value';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import { type IntelSource, isRemote } from '../../intel/intel-source.ts';
import { shownSource } from '../../intel/shown-source.ts';
import { credentialsOf } from '../../intel/source-credentials.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import { MAX_MEMORY_BYTES } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { roomForPatterns } from '../intel/compiled-tables.ts';
import { type Config, configSchema } from './config-schema.ts';
import { EventRules } from '../rules/event-rules.ts';
import { intelSources } from '../intel/intel-sources.ts';
import { readKeyMap } from './key-map-file.ts';
import { planInputs } from './input-plans.ts';
import type { LoadedConfig } from './load-config.ts';
import { planOutputs } from '../outputs.ts';
import { saidSources, unusedSources } from '../rules/pinned-source.ts';
import { readRuleTexts } from '../rules/rule-texts.ts';
import { withSourceLines } from '../files/source-lines.ts';
import { storedSources } from '../intel/stored-sources.ts';

export interface CheckReport {
  readonly diagnostics: readonly Diagnostic[];
  readonly inputs: number;
  readonly outputs: number;
  readonly feeds: number;
  readonly indicators: number;
  readonly benign: number;
  /** Entries of feeds that could not be used. */
  readonly badEntries: number;
  readonly sigmaRules: number;
  readonly correlations: number;
  readonly fluxRules: number;
  /** STIX patterns that no single value decides. */
  readonly patterns: number;
  /** Bytes of the exact tables, kept once whatever the number of threads. */
  readonly tableBytes: number;
  /** Bytes of the scanner's tables, which with its work areas must fit into 4 GiB. */
  readonly scannerBytes: number;
}

type Collect = (problems: readonly Diagnostic[]) => void;

/** Codes of entries that `run` skips with a warning. */
const BAD_ENTRY: ReadonlySet<Diagnostic['code']> = new Set(['INTEL_BAD_VALUE', 'INTEL_BAD_OBJECT']);
/** Beside the longest record, for each thread. */
const WORK_AREA_BYTES = 8 << 20;

export async function checkConfig(loaded: LoadedConfig, now: () => number): Promise<CheckReport> {
  const { config } = loaded;
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  const collect: Collect = (problems) => diagnostics.push(...problems);
  const inputs = planInputs(listOf(config.inputs).filter(isEntry), config.timezone, loaded.locate);
  const outputs = planOutputs(listOf(config.outputs).filter(isEntry), loaded.locate);
  collect([...inputs.diagnostics, ...outputs.diagnostics]);
  checkHttp(config, loaded, collect);
  if (config.key_map !== undefined) checkKeyMap(config.key_map, diagnostics);
  const usable = { ...loaded, config: withUsableRules(config) };
  const intel = await checkIntel(usable, now, collect);
  const rules = checkRules(usable, intel, collect);
  const { counts } = rules;
  collect(unusedSources(saidSources(inputs.plans), rules.logSources));
  const scannerBytes = WitnessTables.bytesFor(intel.indicators, roomForPatterns(intel.deferred.length));
  collect(memoryProblems(intel.indicators.size, scannerBytes, config.limits.record_bytes));
  return {
    diagnostics: await withSourceLines(diagnostics),
    inputs: inputs.plans.length,
    outputs: outputs.plans.length,
    feeds: intel.feeds.length,
    indicators: intel.indicators.size,
    benign: intel.benign.size,
    badEntries: intel.feeds.reduce((sum, feed) => sum + feed.statistics.bad, 0),
    sigmaRules: counts.sigma ?? 0,
    correlations: counts.correlation ?? 0,
    fluxRules: counts.flux ?? 0,
    patterns: counts.pattern ?? 0,
    tableBytes: intel.indicators.bytes + intel.benign.table.bytes,
    scannerBytes,
  };
}

function checkHttp(config: Config, { locate }: LoadedConfig, collect: Collect): void {
  const http = config.http as Partial<Config['http']> | undefined;
  if (typeof http?.listen !== 'string' || http.listen === 'off') return;
  const at = (path: string) => {
    const span = locate?.(path);
    return span === undefined ? {} : { span };
  };
  const [, host, port] = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(http.listen) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    const message = `"http.listen" "${http.listen}" is no host:port`;
    const hint = 'for example 127.0.0.1:8720, or off';
    collect([diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint, ...at('http.listen') })]);
    return;
  }
  try {
    const token = resolveSecret(http.token);
    if (token === undefined && !/^(?:127\.|localhost$|\[::1\]$)/.test(host)) {
      const message = `http address "${host}" can be reached from other machines and needs a token`;
      collect([diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint: 'set http.token', ...at('http.listen') })]);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    collect([diagnostic('CONFIG_BAD_VALUE', 'error', `"http.token": ${reason}`, at('http.token'))]);
  }
}

function checkKeyMap(file: string, diagnostics: Diagnostic[]): void {
  try {
    readKeyMap(file, diagnostics);
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    diagnostics.push(...error.diagnostics);
  }
}

/** Everything that events would be given to, compiled as for a start. */
function checkRules(loaded: LoadedConfig, intel: IntelSet, collect: Collect): EventRules {
  const { texts, diagnostics } = readRuleTexts(loaded, intel, 'ordered');
  const rules = new EventRules(texts);
  collect([...diagnostics, ...rules.diagnostics]);
  return rules;
}

/** A value of the wrong type has been reported: its default stands in for it, and what is no list is none. */
function withUsableRules(config: Config): Config {
  const usable = <K extends 'rule_selection' | 'placeholders'>(key: K, otherwise: Config[K]): Config[K] =>
    Check(configSchema.properties[key], config[key]) ? config[key] : otherwise;
  return {
    ...config,
    intel: listOf(config.intel),
    rules: listOf(config.rules).filter(isText),
    pipelines: listOf(config.pipelines).filter(isText),
    flux: listOf(config.flux).filter((entry) => Check(configSchema.properties.flux.items, entry)),
    stix_mappings: listOf(config.stix_mappings),
    pattern_group_by: listOf(config.pattern_group_by).filter(isText),
    rule_selection: usable('rule_selection', { include: [], exclude: [], levels: [] }),
    placeholders: usable('placeholders', {}),
  };
}

async function checkIntel(loaded: LoadedConfig, now: () => number, collect: Collect): Promise<IntelSet> {
  const { config } = loaded;
  const { sources, diagnostics } = intelSources(loaded, { intelFolder: join(config.data_dir, 'intel') });
  collect(diagnostics);
  for (const source of sources.filter(isRemote)) checkCredentials(source, collect);
  const { stored, missing, cacheFolder } = await storedSources(sources, config.data_dir);
  for (const { source } of missing) {
    const message = `feed "${shownSource(source)}" has not been fetched yet and is not checked`;
    collect([diagnostic('INTEL_NOT_FETCHED', 'note', message)]);
  }
  const set = await loadIntel(stored, { now, urls: 'cached', ...(cacheFolder !== undefined && { cacheFolder }) });
  collect(
    set.diagnostics.map((problem) => (BAD_ENTRY.has(problem.code) ? { ...problem, severity: 'error' } : problem)),
  );
  for (const { name, omittedDiagnostics } of set.feeds) {
    if (omittedDiagnostics === 0) continue;
    const message = `${omittedDiagnostics} more problems of feed "${name}" are not listed`;
    collect([diagnostic('INTEL_BAD_VALUE', 'note', message, { span: { file: name } })]);
  }
  return set;
}

function checkCredentials(source: IntelSource, collect: Collect): void {
  try {
    credentialsOf(source);
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    collect(error.diagnostics);
  }
}

/** Whether the scanner's tables leave room to work in. */
export function memoryProblems(indicators: number, scannerBytes: number, recordBytes: number): Diagnostic[] {
  const work = recordBytes + WORK_AREA_BYTES;
  if (scannerBytes + work <= MAX_MEMORY_BYTES) return [];
  const message = `${indicators} indicators need ${scannerBytes} bytes of scanner memory beside ${work} to work in, more than the ${MAX_MEMORY_BYTES} there can be`;
  return [diagnostic('INTEL_TOO_LARGE', 'error', message, { hint: 'leave out feeds, or lower limits.record_bytes' })];
}

function listOf<T>(value: readonly T[]): T[] {
  return Array.isArray(value) ? [...value] : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isEntry(entry: unknown): entry is string | Readonly<Record<string, unknown>> {
  return typeof entry === 'string' || (typeof entry === 'object' && entry !== null && 'address' in entry);
}
