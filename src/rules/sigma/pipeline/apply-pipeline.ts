/** Runs pipelines over a rule: items in order, each where its conditions hold. Pure: rules are rewritten, never changed. */
import type { Condition, Definition, DetectionItem, SigmaDetection, SigmaValue } from '../ast.ts';
import type { SigmaCorrelation } from '../correlation-rule.ts';
import type { Pipeline, PipelineItem, PipelineRun, Refusal, Transformation } from './pipeline.ts';
import { holds } from './pipeline.ts';

interface Run<T extends SigmaDetection | SigmaCorrelation> extends PipelineRun {
  rule: T;
}

/** The rewritten rule, or why it is refused. */
export function applyPipelines(pipelines: readonly Pipeline[], rule: SigmaDetection): SigmaDetection | Refusal {
  const run: Run<SigmaDetection> = { rule, applied: new Set(), state: new Map(), mapped: new Set(), watched: [] };
  for (const { items } of ordered(pipelines)) {
    const refusal = applyItems(items, run);
    if (refusal !== undefined) return refusal;
  }
  return run.rule;
}

/** Field names of correlations follow the mappings that apply to the rules they watch. */
export function applyPipelinesToCorrelation(
  pipelines: readonly Pipeline[],
  rule: SigmaCorrelation,
  watched: readonly SigmaDetection[],
): SigmaCorrelation | Refusal {
  const run: Run<SigmaCorrelation> = { rule, applied: new Set(), state: new Map(), mapped: new Set(), watched };
  for (const { items } of ordered(pipelines)) {
    const refusal = applyToCorrelation(items, run);
    if (refusal !== undefined) return refusal;
  }
  return run.rule;
}

function ordered(pipelines: readonly Pipeline[]): readonly Pipeline[] {
  return [...pipelines].sort((a, b) => a.priority - b.priority);
}

function applyItems(items: readonly PipelineItem[], run: Run<SigmaDetection>): Refusal | undefined {
  for (const item of items) {
    if (!holds(item.ruleConditions, (condition) => condition(run))) continue;
    const refusal = applyItem(item, run);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function applyItem(item: PipelineItem, run: Run<SigmaDetection>): Refusal | undefined {
  const { transformation } = item;
  switch (transformation.kind) {
    case 'refuse':
      return { refused: transformation.message };
    case 'nest':
      run.applied.add(item.id);
      return applyItems(transformation.items, run);
    case 'run':
      transformation.change(run);
      run.applied.add(item.id);
      return undefined;
    case 'rule': {
      const changed = transformation.change(run.rule, run);
      if ('refused' in changed) return changed;
      run.rule = changed;
      run.applied.add(item.id);
      return undefined;
    }
    case 'item':
    case 'field':
      return applyToDefinitions(item, transformation, run);
  }
}

function applyToDefinitions(
  item: PipelineItem,
  transformation: Extract<Transformation, { kind: 'item' | 'field' }>,
  run: Run<SigmaDetection>,
): Refusal | undefined {
  let refusal: Refusal | undefined;
  const change = (node: DetectionItem): Definition | undefined => {
    if (!holds(item.itemConditions, (condition) => condition(node, run))) return node;
    const fieldHolds = (field: string | undefined): boolean =>
      holds(item.fieldConditions, (condition) => condition(field, node, run));
    if (transformation.kind === 'field') {
      const renamed = renameItem(node, (field) => {
        const names = fieldHolds(field) ? transformation.names(field) : undefined;
        if (field !== undefined && names !== undefined) for (const name of [field, ...names]) run.mapped.add(name);
        return names;
      });
      return marked(renamed, node, item.id);
    }
    if (!fieldHolds(node.field)) return node;
    const result = transformation.change(node, run);
    if (result !== undefined && 'refused' in result) {
      refusal = result;
      return node;
    }
    return result === undefined ? undefined : marked(result, node, item.id);
  };
  const definitions = new Map<string, Definition>();
  const emptied = new Set<string>();
  for (const [name, definition] of run.rule.definitions) {
    const changed = mapItems(definition, change);
    if (changed === undefined) emptied.add(name);
    else definitions.set(name, changed);
  }
  if (refusal !== undefined) return refusal;
  const conditions =
    emptied.size === 0
      ? run.rule.conditions
      : run.rule.conditions.flatMap((condition) => without(condition, emptied) ?? []);
  if (conditions.length === 0) return { refused: 'nothing is left of the rule' };
  run.rule = { ...run.rule, definitions, conditions };
  if (transformation.kind === 'field') {
    const fields = run.rule.meta.fields.flatMap((field) =>
      holds(item.fieldConditions, (condition) => condition(field, undefined, run))
        ? (transformation.names(field) ?? [field])
        : [field],
    );
    run.rule = { ...run.rule, meta: { ...run.rule.meta, fields } };
  }
  run.applied.add(item.id);
  return undefined;
}

function marked(result: Definition, before: DetectionItem, id: string): Definition {
  if (result === before) return before;
  const applied = [...(before.applied ?? []), id];
  return mapItems(result, (node) => ({ ...node, applied })) ?? result;
}

/** Several new names: OR of the item over them. `fieldref` values are renamed too. */
function renameItem(
  item: DetectionItem,
  names: (field: string | undefined) => readonly string[] | undefined,
): Definition {
  const values = item.values.map(({ value, written }) => ({ value: renameReference(value, names), written }));
  const changed = values.some(({ value }, index) => value !== item.values[index]?.value);
  const base = changed ? { ...item, values } : item;
  const targets = names(item.field);
  if (targets === undefined || targets.length === 0) return base;
  const renamed = targets.map((field): DetectionItem => ({ ...base, field }));
  return renamed.length === 1 ? (renamed[0] as DetectionItem) : { kind: item.negated ? 'all' : 'any', items: renamed };
}

function renameReference(value: SigmaValue, names: (field: string) => readonly string[] | undefined): SigmaValue {
  if (value.kind !== 'field-reference') return value;
  const targets = names(value.field);
  if (targets === undefined || targets.length === 0) return value;
  const values = targets.map((field): SigmaValue => ({ ...value, field }));
  return values.length === 1 ? (values[0] as SigmaValue) : { kind: 'one-of', values };
}

/** Undefined when nothing is left. */
function mapItems(node: Definition, change: (item: DetectionItem) => Definition | undefined): Definition | undefined {
  if (node.kind === 'item') return change(node);
  if (node.kind === 'elements') {
    const body = mapItems(node.body, change);
    return body === undefined ? undefined : { ...node, body };
  }
  if (node.kind === 'not') {
    const item = mapItems(node.item, change);
    return item === undefined ? undefined : { ...node, item };
  }
  const items = node.items.flatMap((item) => mapItems(item, change) ?? []);
  return items.length === 0 ? undefined : { kind: node.kind, items };
}

/** The condition without operands that no longer exist. */
function without(node: Condition, names: ReadonlySet<string>): Condition | undefined {
  if (node.kind === 'identifier') return names.has(node.name) ? undefined : node;
  if (node.kind === 'of') {
    const left = node.names.filter((name) => !names.has(name));
    return left.length === 0 ? undefined : { ...node, names: left };
  }
  if (node.kind === 'not') {
    const item = without(node.item, names);
    return item === undefined ? undefined : { kind: 'not', item };
  }
  const items = node.items.flatMap((item) => without(item, names) ?? []);
  return items.length === 0 ? undefined : { kind: node.kind, items };
}

/** What is about detection items and log sources has nothing to change here. */
function applyToCorrelation(items: readonly PipelineItem[], run: Run<SigmaCorrelation>): Refusal | undefined {
  for (const item of items) {
    const { transformation } = item;
    if (!holds(item.ruleConditions, (condition) => condition(run))) continue;
    run.applied.add(item.id);
    if (transformation.kind === 'refuse') return { refused: transformation.message };
    if (transformation.kind === 'run') transformation.change(run);
    if (transformation.kind === 'nest') {
      const refusal = applyToCorrelation(transformation.items, run);
      if (refusal !== undefined) return refusal;
    }
    if (transformation.kind !== 'field') continue;
    const renamed = renameCorrelation(run.rule, (field) =>
      holds(item.fieldConditions, (condition) => condition(field, undefined, run))
        ? transformation.names(field)
        : undefined,
    );
    if ('refused' in renamed) return renamed;
    run.rule = renamed;
  }
  return undefined;
}

function renameCorrelation(
  rule: SigmaCorrelation,
  names: (field: string) => readonly string[] | undefined,
): SigmaCorrelation | Refusal {
  let several: string | undefined;
  // An alias is no field of the event; what it stands for is.
  const renamed = (field: string): readonly string[] => (rule.aliases.has(field) ? [field] : (names(field) ?? [field]));
  const one = (field: string, targets: readonly string[]): string => {
    if (targets.length > 1) several ??= field;
    return targets[0] ?? field;
  };
  const aliases = new Map(
    [...rule.aliases].map(([alias, fields]) => [
      alias,
      new Map([...fields].map(([name, field]) => [name, one(field, names(field) ?? [field])])),
    ]),
  );
  const fields = rule.fields.map((field) => one(field, renamed(field)));
  if (several !== undefined) return { refused: `field "${several}" has several names, where a correlation needs one` };
  return { ...rule, groupBy: rule.groupBy.flatMap(renamed), fields, aliases };
}
