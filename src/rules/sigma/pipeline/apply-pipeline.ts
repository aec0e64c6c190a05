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
  const run: Run<SigmaDetection> = { rule, applied: new Set(), state: new Map(), watched: [] };
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
): SigmaCorrelation {
  const run: Run<SigmaCorrelation> = { rule, applied: new Set(), state: new Map(), watched };
  for (const { items } of ordered(pipelines)) applyToCorrelation(items, run);
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
  let touched = false;
  const change = (node: DetectionItem): Definition | undefined => {
    if (!holds(item.itemConditions, (condition) => condition(node, run))) return node;
    const fieldHolds = (field: string | undefined): boolean =>
      holds(item.fieldConditions, (condition) => condition(field, node, run));
    if (transformation.kind === 'field') {
      const renamed = renameItem(node, (field) => (fieldHolds(field) ? transformation.names(field) : undefined));
      if (renamed !== node) touched = true;
      return marked(renamed, node, item.id);
    }
    if (!fieldHolds(node.field)) return node;
    const result = transformation.change(node, run);
    touched = true;
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
  if (touched) run.applied.add(item.id);
  return undefined;
}

function marked(result: Definition, before: DetectionItem, id: string): Definition {
  if (result === before) return before;
  const applied = [...(before.applied ?? []), id];
  return mapItems(result, (node) => ({ ...node, applied })) ?? result;
}

/** Several new names: OR of the item over them. `fieldref` values are renamed too. */
function renameItem(item: DetectionItem, names: (field: string) => readonly string[] | undefined): Definition {
  const values = item.values.map(({ value, written }) => ({ value: renameReference(value, names), written }));
  const changed = values.some(({ value }, index) => value !== item.values[index]?.value);
  const base = changed ? { ...item, values } : item;
  const targets = item.field === undefined ? undefined : names(item.field);
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

function applyToCorrelation(items: readonly PipelineItem[], run: Run<SigmaCorrelation>): void {
  for (const item of items) {
    const { transformation } = item;
    if (transformation.kind !== 'field' && transformation.kind !== 'nest' && transformation.kind !== 'run') continue;
    if (!holds(item.ruleConditions, (condition) => condition(run))) continue;
    run.applied.add(item.id);
    if (transformation.kind === 'nest') applyToCorrelation(transformation.items, run);
    else if (transformation.kind === 'run') transformation.change(run);
    else
      run.rule = renameCorrelation(run.rule, (field) =>
        holds(item.fieldConditions, (condition) => condition(field, undefined, run))
          ? transformation.names(field)
          : undefined,
      );
  }
}

function renameCorrelation(
  rule: SigmaCorrelation,
  names: (field: string) => readonly string[] | undefined,
): SigmaCorrelation {
  // An alias is no field of the event; what it stands for is.
  const rename = (field: string): string => (rule.aliases.has(field) ? field : (names(field)?.[0] ?? field));
  const aliases = new Map(
    [...rule.aliases].map(([alias, fields]) => [
      alias,
      new Map([...fields].map(([name, field]) => [name, names(field)?.[0] ?? field])),
    ]),
  );
  return { ...rule, groupBy: rule.groupBy.map(rename), fields: rule.fields.map(rename), aliases };
}
