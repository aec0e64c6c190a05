/** The conditions of pipeline items, by type: about the rule, about a detection item, about a field name. */
import { covers } from '../../../core/logsource.ts';
import type { Definition, DetectionItem, ItemValue, SigmaValue } from '../ast.ts';
import { scalarValue } from '../detection-item.ts';
import { LEVELS } from '../../../core/level.ts';
import { STATUSES } from '../rule-meta.ts';
import { plainForm } from '../text-value.ts';
import type { Parameters } from './parameters.ts';
import type { FieldCondition, ItemCondition, PipelineRun, RuleCondition } from './pipeline.ts';

type Build<T> = (parameters: Parameters) => T;

export const RULE_CONDITIONS: Readonly<Record<string, Build<RuleCondition>>> = {
  logsource: (parameters) => {
    const wanted: Record<string, string> = {};
    for (const key of ['category', 'product', 'service']) {
      const value = parameters.text(key);
      if (value !== undefined) wanted[key] = value;
    }
    if (Object.keys(wanted).length === 0)
      parameters.error('logsource condition names neither category, product nor service');
    return (run) => detectionsOf(run).some((rule) => covers(wanted, rule.logsource));
  },
  contains_detection_item: (parameters) => {
    const field = parameters.required('field');
    const wanted = scalarValue(parameters.raw('value') ?? null);
    return (run) =>
      detectionsOf(run).some((rule) =>
        [...rule.definitions.values()].some((definition) =>
          itemsOf(definition).some(
            (item) => item.field === field && item.values.some(({ value }) => same(value, wanted)),
          ),
        ),
      );
  },
  contains_field: (parameters) => {
    const field = parameters.required('field');
    return (run) =>
      detectionsOf(run).some((rule) =>
        [...rule.definitions.values()].some((definition) => itemsOf(definition).some((item) => item.field === field)),
      );
  },
  processing_item_applied: (parameters) => {
    const id = parameters.required('processing_item_id');
    return (run) => run.applied.has(id);
  },
  processing_state: (parameters) => stateCondition(parameters),
  is_sigma_rule: () => (run) => run.rule.kind === 'detection',
  is_sigma_correlation_rule: () => (run) => run.rule.kind === 'correlation',
  rule_attribute: (parameters) => {
    const attribute = parameters.required('attribute');
    const operator = parameters.choice('op', ['eq', 'ne', 'gte', 'gt', 'lte', 'lt', 'in', 'not_in'], 'eq');
    const values = parameters.list('value');
    return (run) => compareAttribute(attributeOf(run, attribute), operator, values, attribute);
  },
  tag: (parameters) => {
    const tag = parameters.required('tag');
    return (run) => run.rule.meta.details.tags?.includes(tag) === true;
  },
};

export const ITEM_CONDITIONS: Readonly<Record<string, Build<ItemCondition>>> = {
  match_string: (parameters) => {
    const pattern = parameters.pattern('pattern', true);
    const negate = parameters.flag('negate', false);
    return quantified(parameters, (value) => {
      pattern.lastIndex = 0;
      return (value.kind === 'text' && pattern.test(textOf(value))) !== negate;
    });
  },
  match_value: (parameters) => {
    const wanted = scalarValue(parameters.raw('value') ?? null);
    return quantified(parameters, (value) => same(value, wanted));
  },
  contains_wildcard: (parameters) =>
    quantified(parameters, (value) => value.kind === 'text' && value.parts.some((part) => 'wildcard' in part)),
  is_null: (parameters) => quantified(parameters, (value) => value.kind === 'null'),
  processing_item_applied: (parameters) => {
    const id = parameters.required('processing_item_id');
    return (item) => item.applied?.includes(id) === true;
  },
  processing_state: (parameters) => {
    const condition = stateCondition(parameters);
    return (_item, run) => condition(run);
  },
};

export const FIELD_CONDITIONS: Readonly<Record<string, Build<FieldCondition>>> = {
  include_fields: (parameters) => includes(parameters, true),
  exclude_fields: (parameters) => includes(parameters, false),
  processing_item_applied: (parameters) => {
    const id = parameters.required('processing_item_id');
    return (_field, item) => item?.applied?.includes(id) === true;
  },
  processing_state: (parameters) => {
    const condition = stateCondition(parameters);
    return (_field, _item, run) => condition(run);
  },
};

export function itemsOf(definition: Definition): DetectionItem[] {
  if (definition.kind === 'item') return [definition];
  if (definition.kind === 'elements') return itemsOf(definition.body);
  return definition.kind === 'not' ? itemsOf(definition.item) : definition.items.flatMap(itemsOf);
}

export function textOf(value: SigmaValue): string {
  if (value.kind === 'text') return plainForm(value);
  return value.kind === 'number' || value.kind === 'boolean' ? String(value.value) : '';
}

function detectionsOf(run: PipelineRun): readonly Extract<PipelineRun['rule'], { kind: 'detection' }>[] {
  return run.rule.kind === 'detection' ? [run.rule] : run.watched;
}

function same(value: SigmaValue, wanted: SigmaValue | undefined): boolean {
  if (wanted === undefined) return false;
  if (value.kind === 'one-of') return value.values.some((member) => same(member, wanted));
  if (value.kind !== wanted.kind) return false;
  if (value.kind === 'text') return textOf(value) === textOf(wanted);
  return value.kind === 'null' || ('value' in value && 'value' in wanted && value.value === wanted.value);
}

function quantified(parameters: Parameters, test: (value: SigmaValue) => boolean): ItemCondition {
  const all = parameters.choice('cond', ['any', 'all'], 'any') === 'all';
  const one = ({ value }: ItemValue): boolean => (value.kind === 'one-of' ? value.values.some(test) : test(value));
  return (item) => (all ? item.values.every(one) : item.values.some(one));
}

function includes(parameters: Parameters, wanted: boolean): FieldCondition {
  const fields = parameters.list('fields');
  const mode = parameters.choice('mode', ['plain', 're'], 'plain');
  const patterns = mode === 're' ? fields.flatMap((field) => fieldPattern(parameters, field) ?? []) : [];
  return (field) =>
    (field !== undefined &&
      (mode === 're' ? patterns.some((pattern) => pattern.test(field)) : fields.includes(field))) === wanted;
}

function fieldPattern(parameters: Parameters, source: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${source})`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    parameters.error(`"${source}" is no regular expression: ${error.message}`, 'fields');
    return undefined;
  }
}

function stateCondition(parameters: Parameters): RuleCondition {
  const key = parameters.required('key');
  const wanted = parameters.text('val') ?? parameters.text('value') ?? '';
  const operator = parameters.choice('op', ['eq', 'ne', 'gte', 'gt', 'lte', 'lt'], 'eq');
  return (run) => compareAttribute(run.state.get(key), operator, [wanted], key);
}

function attributeOf(run: PipelineRun, attribute: string): unknown {
  const { meta } = run.rule;
  if (attribute === 'title') return meta.details.name;
  if (attribute === 'status') return meta.status;
  if (attribute === 'date' || attribute === 'modified') return meta[attribute];
  if (attribute === 'name') return meta.name;
  if (attribute === 'taxonomy') return meta.taxonomy;
  if (attribute === 'fields') return meta.fields;
  if (Object.hasOwn(meta.details, attribute)) return meta.details[attribute as keyof typeof meta.details];
  return Object.hasOwn(meta.custom, attribute) ? meta.custom[attribute] : undefined;
}

function compareAttribute(actual: unknown, operator: string, values: readonly string[], attribute: string): boolean {
  if (actual === undefined || actual === null) return false;
  if (Array.isArray(actual)) {
    // A list has members, and is never equal to one value or ordered beside it.
    const hasMember = values.some((value) => actual.map(String).includes(value));
    return operator === 'ne' || (operator === 'in' && hasMember) || (operator === 'not_in' && !hasMember);
  }
  if (operator === 'not_in') return !values.includes(String(actual));
  if (operator === 'ne') return String(actual) !== values[0];
  if (operator === 'in') return values.includes(String(actual));
  if (operator === 'eq') return String(actual) === values[0];
  const order = compareOrdered(String(actual), values[0] ?? '', attribute);
  if (operator === 'gte') return order >= 0;
  if (operator === 'gt') return order > 0;
  return operator === 'lte' ? order <= 0 : order < 0;
}

/** Levels and statuses by rank, numbers by value, everything else (dates) by text. */
function compareOrdered(left: string, right: string, attribute: string): number {
  if (attribute === 'level') return LEVELS.indexOf(left as never) - LEVELS.indexOf(right as never);
  if (attribute === 'status') return STATUSES.indexOf(right as never) - STATUSES.indexOf(left as never);
  const [a, b] = [Number(left), Number(right)];
  if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return left < right ? -1 : left > right ? 1 : 0;
}
