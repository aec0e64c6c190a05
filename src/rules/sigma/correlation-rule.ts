/**
 * Correlation rules: a YAML document with `correlation` (and the older form, `action: correlation` with the keys at top level)
 * to a checked tree whose references are still names. `resolve.ts` turns names into rules.
 */
import { parseTimespanMs } from '../../core/timespan.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { CorrelationType } from '../../ir/correlation.ts';
import type { RuleMeta } from './ast.ts';
import { TIMESPAN_HINT } from './aggregation.ts';
import { names, parseCorrelationCondition, type SigmaCorrelationCondition } from './correlation-condition.ts';
import { isMapping } from './definition.ts';
import type { Reporter } from './reporter.ts';
import type { YamlMap } from './rule-meta.ts';
import { parseMeta } from './rule-meta.ts';
import type { YamlPath } from './source-locator.ts';

export interface SigmaCorrelation extends SigmaCorrelationCondition {
  readonly kind: 'correlation';
  readonly meta: RuleMeta;
  readonly type: CorrelationType;
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** Alias to (rule id or name to field). */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly generate: boolean;
  /** Path of the map that holds the keys, for messages: `['correlation']`, or `[]` in the older form. */
  readonly path: YamlPath;
}

const CORRELATION_TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
];

const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'];

export function parseCorrelationRule(
  document: YamlMap,
  ordinal: number,
  reporter: Reporter,
): SigmaCorrelation | undefined {
  const meta = parseMeta(document, ordinal, reporter);
  const older = document['action'] === 'correlation';
  const path: YamlPath = older ? [] : ['correlation'];
  const section = older ? document : document['correlation'];
  if (!isMapping(section)) {
    reporter.error('SIGMA_BAD_CORRELATION', 'correlation is no map', ['correlation']);
    return undefined;
  }
  if (older)
    reporter.note(
      'SIGMA_LEGACY',
      'the older form "action: correlation" is read as a correlation rule',
      ['action'],
      'put the keys below "correlation:"',
    );
  if (older) reportOlderKeys(section, reporter);
  else reportUnknownKeys(section, reporter);
  const type = correlationType(section, path, older, reporter);
  const groupBy = names(section['group-by'], [...path, 'group-by'], reporter);
  const timespanMs = parseTimespanMs(String(section['timespan']));
  if (timespanMs === undefined) {
    const written = section['timespan'];
    const message = written === undefined ? 'timespan is missing' : `timespan "${String(written)}" is no time span`;
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      message,
      [...path, ...(written === undefined ? [] : ['timespan'])],
      TIMESPAN_HINT,
    );
  }
  const aliases = parseAliases(section['aliases'], [...path, 'aliases'], reporter);
  const generate = generateFlag(section, document, path, reporter);
  const rules = names(section['rules'], [...path, 'rules'], reporter);
  const condition = type === undefined ? undefined : parseCorrelationCondition(type, section, rules, path, reporter);
  if (type === undefined || condition === undefined || timespanMs === undefined || reporter.errors > 0)
    return undefined;
  return { kind: 'correlation', meta, type, groupBy, timespanMs, aliases, generate, path, ...condition };
}

function correlationType(
  section: YamlMap,
  path: YamlPath,
  older: boolean,
  reporter: Reporter,
): CorrelationType | undefined {
  const written = section['type'];
  const found = CORRELATION_TYPES.find((type) => type === written);
  if (found === undefined) {
    const message =
      written === undefined
        ? 'type is missing'
        : `type "${String(written)}" is not known${suggestion(String(written), CORRELATION_TYPES)}`;
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      message,
      [...path, ...(written === undefined ? [] : ['type'])],
      `one of ${CORRELATION_TYPES.join(', ')}`,
    );
    return undefined;
  }
  return older && found === 'temporal' && section['ordered'] === true ? 'temporal_ordered' : found;
}

function reportUnknownKeys(section: YamlMap, reporter: Reporter): void {
  for (const key of Object.keys(section))
    if (!KEYS.includes(key))
      reporter.error('SIGMA_BAD_CORRELATION', `"${key}" is not known in a correlation${suggestion(key, KEYS)}`, {
        path: ['correlation', key],
        key: true,
      });
}

/** At the top level any key may stand; those that are nearly one of a correlation are misspelled, and would be passed over. */
function reportOlderKeys(section: YamlMap, reporter: Reporter): void {
  const bare = (key: string): string => key.toLowerCase().replace(/[-_ ]/g, '');
  for (const key of Object.keys(section)) {
    const meant = KEYS.find((known) => known !== key && bare(known) === bare(key));
    if (meant !== undefined)
      reporter.error('SIGMA_BAD_CORRELATION', `"${key}" is not known in a correlation; did you mean "${meant}"?`, {
        path: [key],
        key: true,
      });
  }
  const ordered = section['ordered'];
  if (ordered !== undefined && typeof ordered !== 'boolean')
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      `ordered "${String(ordered)}" is no boolean`,
      ['ordered'],
      'write true or false',
    );
}

/** The schema puts it at the top level, the reference library inside `correlation`: both are read. */
function generateFlag(section: YamlMap, document: YamlMap, path: YamlPath, reporter: Reporter): boolean {
  const value = section['generate'] ?? document['generate'] ?? false;
  if (typeof value === 'boolean') return value;
  reporter.error('SIGMA_BAD_CORRELATION', `generate "${String(value)}" is no boolean`, [...path, 'generate']);
  return false;
}

function parseAliases(value: unknown, path: YamlPath, reporter: Reporter): Map<string, Map<string, string>> {
  const aliases = new Map<string, Map<string, string>>();
  if (value === undefined || value === null) return aliases;
  if (!isMapping(value)) {
    reporter.error('SIGMA_BAD_CORRELATION', 'aliases is no map', path);
    return aliases;
  }
  for (const [alias, fields] of Object.entries(value)) {
    if (!isMapping(fields) || Object.values(fields).some((field) => typeof field !== 'string')) {
      reporter.error('SIGMA_BAD_CORRELATION', `alias "${alias}" is no map from rules to fields`, [...path, alias]);
      continue;
    }
    aliases.set(alias, new Map(Object.entries(fields) as [string, string][]));
  }
  return aliases;
}
