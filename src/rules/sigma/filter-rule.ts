/** Filters: a YAML document with `filter` to the syntax tree; `resolve.ts` adds its condition to the rules it names. */
import type { Condition, SigmaFilter } from './ast.ts';
import { parseCondition } from './condition.ts';
import { isMapping, parseDefinitions } from './definition.ts';
import type { ParseContext } from './parse-context.ts';
import { definitionContext } from './parse-context.ts';
import type { Reporter } from './reporter.ts';
import type { YamlMap } from './rule-meta.ts';
import { parseLogSource, parseMeta } from './rule-meta.ts';

export function parseFilterRule(document: YamlMap, ordinal: number, parse: ParseContext): SigmaFilter | undefined {
  const { reporter } = parse;
  const meta = parseMeta(document, ordinal, reporter);
  const logsource = parseLogSource(document, reporter);
  const section = document['filter'];
  if (!isMapping(section)) {
    reporter.error('SIGMA_BAD_FILTER', 'filter is no map', ['filter']);
    return undefined;
  }
  const reserved = ['condition', 'rules'];
  const definitions = parseDefinitions(section, reserved, ['filter'], definitionContext(document, parse));
  const names = Object.keys(section).filter((name) => !reserved.includes(name));
  const written = section['condition'];
  const texts = Array.isArray(written) ? (written as readonly unknown[]) : [written];
  const used = new Set<string>();
  const conditions: Condition[] = [];
  for (const [index, text] of texts.entries()) {
    const path = Array.isArray(written) ? ['filter', 'condition', index] : ['filter', 'condition'];
    if (typeof text !== 'string') {
      reporter.error(
        'SIGMA_BAD_FILTER',
        text === undefined ? 'condition is missing' : 'condition is no text',
        text === undefined ? ['filter'] : path,
      );
      continue;
    }
    const condition = parseCondition(text, names, path, reporter, used);
    if (condition !== undefined) conditions.push(condition);
    if (!/\bnot\b/i.test(text))
      reporter.warn(
        'SIGMA_QUESTIONABLE',
        `filter condition "${text}" keeps only what it selects`,
        path,
        `to exclude what it selects write "not ${text}"`,
      );
  }
  const rules = parseRules(section['rules'], reporter);
  if (reporter.errors > 0 || logsource === undefined) return undefined;
  return { kind: 'filter', meta, logsource, rules, definitions, conditions };
}

/** `any`, an empty list or nothing: every rule its log source covers. */
function parseRules(raw: unknown, reporter: Reporter): string[] {
  if (raw === undefined || raw === null) return [];
  const list = Array.isArray(raw) ? (raw as readonly unknown[]) : [raw];
  if (list.some((member) => typeof member !== 'string')) {
    reporter.error('SIGMA_BAD_FILTER', 'rules has a member that is no text', ['filter', 'rules']);
    return [];
  }
  const rules = list as readonly string[];
  return rules.some((name) => name.toLowerCase() === 'any') ? [] : [...rules];
}
