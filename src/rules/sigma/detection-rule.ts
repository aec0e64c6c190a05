/** Detection rules: a YAML document with `detection` to the syntax tree, legacy aggregations included (as correlations). */
import type { Aggregation } from './aggregation.ts';
import { parseAggregation } from './aggregation.ts';
import type { Condition, SigmaDetection } from './ast.ts';
import { parseCondition } from './condition.ts';
import { isMapping, parseDefinitions } from './definition.ts';
import type { ParseContext } from './parse-context.ts';
import { definitionContext } from './parse-context.ts';
import type { YamlMap } from './rule-meta.ts';
import { parseLogSource, parseMeta } from './rule-meta.ts';

export interface ParsedDetection {
  readonly rule: SigmaDetection;
  /** Present when the condition ends in `| count() …`: the rule then only feeds the correlation that this describes. */
  readonly aggregation?: Aggregation;
  /**
   * Names of the fields that it reads, of a rule without placeholders that is not to be compiled, nor its detection looked at, before
   * somebody wants that.
   */
  readonly asked?: readonly string[];
  /** What its detection was read from, where it was not parsed: JSON of a `PackedBody`. */
  readonly packed?: Uint8Array;
}

/** Returns undefined when anything was wrong; the reporter has the reasons. */
export function parseDetectionRule(
  document: YamlMap,
  ordinal: number,
  parse: ParseContext,
): ParsedDetection | undefined {
  const { reporter } = parse;
  const meta = parseMeta(document, ordinal, reporter);
  const logsource = parseLogSource(document, reporter);
  const section = document['detection'];
  if (!isMapping(section)) {
    reporter.error('SIGMA_BAD_DETECTION', 'detection is no map', ['detection']);
    return undefined;
  }
  const reserved = ['condition', 'timeframe'];
  const definitions = parseDefinitions(section, reserved, ['detection'], definitionContext(document, parse));
  const written = section['condition'];
  if (written === undefined || written === null) {
    reporter.error(
      'SIGMA_BAD_CONDITION',
      'condition is missing',
      ['detection'],
      'say how the search identifiers are combined',
    );
    return undefined;
  }
  const texts = Array.isArray(written) ? (written as readonly unknown[]) : [written];
  const names = Object.keys(section).filter((name) => !reserved.includes(name));
  const used = new Set<string>();
  const conditions: Condition[] = [];
  let aggregation: Aggregation | undefined;
  const before = reporter.errors;
  for (const [index, text] of texts.entries()) {
    const path = Array.isArray(written) ? ['detection', 'condition', index] : ['detection', 'condition'];
    if (typeof text !== 'string') {
      reporter.error('SIGMA_BAD_CONDITION', 'condition is no text', path);
      continue;
    }
    let search = text;
    if (text.includes('|')) {
      if (texts.length > 1) {
        reporter.error('SIGMA_BAD_CONDITION', 'an aggregation cannot be one of several conditions', path);
        continue;
      }
      aggregation = parseAggregation(text, section['timeframe'], names, path, reporter);
      if (aggregation === undefined) continue;
      search = text.slice(0, text.indexOf('|'));
      for (const name of aggregation.identifiers) used.add(name);
    }
    const condition = parseCondition(search, names, path, reporter, used);
    if (condition !== undefined) conditions.push(condition);
  }
  if (texts.length === 0) reporter.error('SIGMA_BAD_CONDITION', 'condition is empty', ['detection', 'condition']);
  // Of a condition that was not understood nobody knows what it would have used.
  const understood = reporter.errors === before;
  for (const name of definitions.keys())
    if (understood && !used.has(name))
      reporter.warn('SIGMA_UNUSED_IDENTIFIER', `search identifier "${name}" is never used by the condition`, {
        path: ['detection', name],
        key: true,
      });
  if (understood && section['timeframe'] !== undefined && aggregation === undefined)
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      'timeframe has no effect without an aggregation',
      { path: ['detection', 'timeframe'], key: true },
      'write a correlation rule with a timespan, or remove it',
    );
  if (reporter.errors > 0 || logsource === undefined) return undefined;
  const rule: SigmaDetection = {
    kind: 'detection',
    meta,
    logsource,
    definitions,
    conditions,
    internal: aggregation !== undefined,
  };
  return aggregation === undefined ? { rule } : { rule, aggregation };
}
