/**
 * Flux specifications from YAML (flux-capacitor.md section 4) to plain data. One bad rule never stops the others: it is reported and
 * left out. Specifications of the original load unchanged; a second rule of the same name replaces the first, as there, with a warning.
 * Added keys: `condition`, `timespan`, `reset`, `strict`, `start`, `level` in a rule, `lateness` beside `rules`.
 */
import { isMap, isScalar, type Node, type YAMLMap } from 'yaml';
import { parseTimespanMs } from '../../core/timespan.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import { LEVELS } from '../../core/level.ts';
import type { FluxRule, FluxSpec, TagCondition } from '../../ir/flux.ts';
import { allTags, parseTagCondition } from './parse-condition.ts';
import { YamlSource } from './yaml-source.ts';

export interface ParsedFluxSpec {
  readonly spec: FluxSpec;
  readonly diagnostics: readonly Diagnostic[];
}

const ACTIONS = ['parent', 'ancestor', 'temporal'] as const;
const RULE_KEYS = [
  ...['rulename', 'description', 'action', 'tags', 'ordered', 'groupby', 'parent', 'child'],
  ...['condition', 'timespan', 'reset', 'strict', 'start', 'level'],
];
/** Of the original's keys those that may be missing. */
const OPTIONAL_KEYS = ['description', 'ordered', 'groupby'];
const TEMPORAL_ONLY = ['timespan', 'reset', 'strict', 'ordered', 'groupby'];
const LINEAGE_ONLY = ['parent', 'child', 'start'];

type Entries = ReadonlyMap<string, Node | null>;

/** Never throws for bad text. `file` is what diagnostics show. */
export function parseFluxSpec(text: string, file: string): ParsedFluxSpec {
  const source = new YamlSource(text, file);
  const { rules, latenessMs } = readRoot(source);
  const spec: FluxSpec = { rules, ...(latenessMs === undefined ? {} : { latenessMs }) };
  return { spec: deepFreeze(spec), diagnostics: source.diagnostics };
}

function readRoot(source: YamlSource): { rules: FluxRule[]; latenessMs: number | undefined } {
  const nothing = { rules: [], latenessMs: undefined };
  if (source.diagnostics.length > 0) return nothing;
  if (!isMap(source.root)) {
    source.report('a flux specification is a map with the key "rules"', source.root);
    return nothing;
  }
  if (source.root.has('detection') || source.root.has('correlation')) {
    source.report('this is a Sigma rule and no flux specification; give it with --rules', source.root);
    return nothing;
  }
  const entries = source.entries(source.root, ['rules', 'lateness'], 'the specification');
  if (!entries.has('rules')) {
    source.report('key "rules" is missing', source.root);
    return nothing;
  }
  const rules = new Map<string, FluxRule>();
  for (const node of source.list(entries.get('rules'), '"rules"') ?? []) {
    const rule = readRule(source, node);
    if (rule === undefined) continue;
    if (rules.delete(rule.name))
      source.report(`rule "${rule.name}" stands here a second time and replaces the first`, node, undefined, 'warning');
    rules.set(rule.name, rule);
  }
  const lateness = entries.get('lateness');
  return {
    rules: [...rules.values()],
    latenessMs: lateness === undefined ? undefined : readSpan(source, lateness, 'lateness', true),
  };
}

function readRule(source: YamlSource, node: Node): FluxRule | undefined {
  if (!isMap(node)) {
    source.report('a rule is a map', node);
    return undefined;
  }
  const errorsBefore = errorCount(source);
  const entries = source.entries(node, RULE_KEYS, 'a flux rule');
  // A key without a value is one that is not there, as for the original.
  for (const key of OPTIONAL_KEYS) if (isNothing(entries.get(key))) entries.delete(key);
  const name = required(source, node, entries, 'rulename');
  const action = readAction(source, node, entries);
  const tags = readTags(source, node, entries);
  if (name === undefined || action === undefined || tags === undefined) return undefined;
  const misplaced = action === 'temporal' ? LINEAGE_ONLY : TEMPORAL_ONLY;
  for (const key of misplaced) {
    if (entries.has(key)) reportMisplaced(source, key, action, entries.get(key));
  }
  const common = {
    name,
    tags,
    condition: readCondition(source, entries, tags, action),
    ...optionalText(source, entries, 'description'),
    ...readLevel(source, entries),
  };
  const rule = isGroupMemory(entries, action)
    ? groupMemory(common)
    : action === 'temporal'
      ? readTemporal(source, entries, common)
      : readLineage(source, node, entries, action, common);
  return errorCount(source) > errorsBefore ? undefined : rule;
}

type Common = Pick<FluxRule, 'name' | 'tags' | 'condition' | 'description' | 'level'>;

function readTemporal(source: YamlSource, entries: Entries, common: Common): FluxRule {
  const ordered = flag(source, entries, 'ordered');
  const strict = flag(source, entries, 'strict');
  if (strict && !ordered) source.report('"strict" needs "ordered: true"', entries.get('strict'));
  const columns = entries.has('groupby') ? (source.list(entries.get('groupby'), '"groupby"') ?? []) : [];
  const groupBy = columns.map((column) => source.text(column, 'a column of "groupby"') ?? '');
  const timespanMs = entries.has('timespan') ? readSpan(source, entries.get('timespan'), 'timespan', false) : undefined;
  return {
    ...common,
    action: 'temporal',
    ordered,
    strict,
    groupBy,
    reset: flag(source, entries, 'reset'),
    ...(timespanMs === undefined ? {} : { timespanMs }),
  };
}

/** What the original makes of two empty columns: all events of the group read and write one memory, whatever their ids. */
function isGroupMemory(entries: Entries, action: FluxRule['action']): boolean {
  const isEmpty = (key: string): boolean => {
    const node = entries.get(key);
    return isScalar(node) && node.value === '';
  };
  return action !== 'temporal' && !entries.has('start') && isEmpty('parent') && isEmpty('child');
}

function groupMemory(common: Common): FluxRule {
  return { ...common, action: 'temporal', ordered: false, strict: false, groupBy: [], reset: false, every: true };
}

function readLineage(
  source: YamlSource,
  node: YAMLMap,
  entries: Entries,
  action: 'parent' | 'ancestor',
  common: Common,
): FluxRule {
  const column = (key: 'parent' | 'child'): string => {
    const name = required(source, node, entries, key);
    if (name === '')
      source.report(
        `"${key}" names no column; when "parent" and "child" are both empty, all events of the group share one memory`,
        entries.get(key),
      );
    return name ?? '';
  };
  const start = entries.has('start') ? source.text(entries.get('start'), '"start"') : undefined;
  return {
    ...common,
    action,
    parent: column('parent'),
    child: column('child'),
    ...(start === undefined ? {} : { start }),
  };
}

function readAction(source: YamlSource, node: YAMLMap, entries: Entries): FluxRule['action'] | undefined {
  const text = required(source, node, entries, 'action');
  if (text === undefined) return undefined;
  const action = ACTIONS.find((known) => known === text);
  if (action === undefined)
    source.report(`unknown action "${text}"${suggestion(text, ACTIONS)}`, entries.get('action'));
  return action;
}

function readTags(source: YamlSource, node: YAMLMap, entries: Entries): readonly string[] | undefined {
  if (!entries.has('tags')) {
    source.report('key "tags" is missing', node);
    return undefined;
  }
  const items = source.list(entries.get('tags'), '"tags"');
  if (items === undefined) return undefined;
  const tags = new Set<string>();
  for (const item of items) {
    const nameNode = isMap(item) ? source.entries(item, ['name'], 'a tag').get('name') : item;
    const name = nameNode === undefined ? undefined : source.text(nameNode, 'the name of a tag');
    if (nameNode === undefined) source.report('a tag has the key "name"', item);
    if (name === undefined) continue;
    if (tags.has(name)) source.report(`tag "${name}" stands here a second time`, item);
    else tags.add(name);
  }
  if (tags.size === 0) source.report('"tags" is empty', entries.get('tags'));
  return tags.size === 0 ? undefined : [...tags];
}

function readCondition(source: YamlSource, entries: Entries, tags: readonly string[], action: string): TagCondition {
  if (!entries.has('condition')) return allTags(tags);
  const node = entries.get('condition');
  const text = source.text(node, '"condition"');
  if (text === undefined) return allTags(tags);
  const parsed = parseTagCondition(text, tags, action);
  if ('condition' in parsed) return parsed.condition;
  // Offsets inside the text are offsets in the file for plain scalars on one line; else the whole node is shown.
  const plain = isScalar(node) && node.type === 'PLAIN' && node.range && node.range[1] - node.range[0] === text.length;
  source.report(parsed.problem, node, plain && node.range ? node.range[0] + parsed.offset : undefined);
  return allTags(tags);
}

function readLevel(source: YamlSource, entries: Entries): Pick<FluxRule, 'level'> {
  if (!entries.has('level')) return {};
  const text = source.text(entries.get('level'), '"level"');
  const level = LEVELS.find((known) => known === text);
  if (level === undefined && text !== undefined)
    source.report(`unknown level "${text}"${suggestion(text, LEVELS)}`, entries.get('level'));
  return level === undefined ? {} : { level };
}

function readSpan(source: YamlSource, node: Node | null | undefined, key: string, zero: boolean): number | undefined {
  const text = source.text(node, `"${key}"`);
  if (text === undefined) return undefined;
  const ms = zero && /^0[smhd]?$/.test(text) ? 0 : parseTimespanMs(text);
  if (ms === undefined) source.report(`"${key}" is a number and one of s m h d w M y, not "${text}"`, node);
  return ms;
}

/** The original ignores `ordered` and `groupby` outside temporal rules, so they only earn a warning. */
function reportMisplaced(source: YamlSource, key: string, action: string, node: Node | null | undefined): void {
  const ignoredByTheOriginal = ['ordered', 'groupby', 'parent', 'child'].includes(key);
  const text = `"${key}" means nothing in a rule with action ${action}`;
  source.report(
    ignoredByTheOriginal ? `${text} and is ignored` : text,
    node,
    undefined,
    ignoredByTheOriginal ? 'warning' : 'error',
  );
}

function required(source: YamlSource, node: YAMLMap, entries: Entries, key: string): string | undefined {
  if (!entries.has(key)) {
    source.report(`key "${key}" is missing`, node);
    return undefined;
  }
  return source.text(entries.get(key), `"${key}"`);
}

function optionalText(source: YamlSource, entries: Entries, key: 'description'): { description?: string } {
  const node = entries.get(key);
  const text = node === undefined || node === null ? undefined : source.text(node, `"${key}"`);
  return text === undefined ? {} : { [key]: text };
}

function flag(source: YamlSource, entries: Entries, key: string): boolean {
  return entries.has(key) ? (source.boolean(entries.get(key), `"${key}"`) ?? false) : false;
}

function isNothing(node: Node | null | undefined): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function errorCount(source: YamlSource): number {
  return source.diagnostics.filter((item) => item.severity === 'error').length;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
