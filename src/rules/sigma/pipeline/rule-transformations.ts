/** Transformations of whole rules: conditions added, log source changed, lists and attributes set, rules refused. */
import { covers, type LogSource } from '../../../core/logsource.ts';
import type { Condition, Definition } from '../ast.ts';
import { isMapping } from '../definition.ts';
import { parseDetectionItem } from '../detection-item.ts';
import type { Parameters } from './parameters.ts';
import type { Transformation } from './pipeline.ts';
import type { TransformationContext } from './value-transformations.ts';

type Build = (parameters: Parameters, context: TransformationContext) => Transformation;

export const RULE_TRANSFORMATIONS: Readonly<Record<string, Build>> = {
  add_condition: addCondition,
  change_logsource: (parameters) => {
    const source: { category?: string; product?: string; service?: string } = {};
    for (const key of ['category', 'product', 'service'] as const) {
      const value = parameters.text(key);
      if (value !== undefined) source[key] = value;
    }
    if (covers(source, {})) parameters.error('change_logsource names neither category, product nor service');
    return { kind: 'rule', change: (rule) => ({ ...rule, logsource: source }) };
  },
  drop_detection_item: () => ({ kind: 'item', change: () => undefined }),
  add_field: (parameters) => {
    const fields = parameters.list('field');
    return fieldList((before) => [...before, ...fields.filter((field) => !before.includes(field))]);
  },
  remove_field: (parameters) => {
    const fields = parameters.list('field');
    return fieldList((before) => before.filter((field) => !fields.includes(field)));
  },
  set_field: (parameters) => {
    const fields = parameters.list('fields');
    return fieldList(() => fields);
  },
  set_state: (parameters) => {
    const key = parameters.required('key');
    const value = parameters.raw('val') ?? parameters.raw('value');
    return { kind: 'run', change: (run) => void run.state.set(key, value) };
  },
  set_custom_attribute: (parameters) => {
    const attribute = parameters.required('attribute');
    const value = parameters.raw('value');
    return {
      kind: 'rule',
      change: (rule) => {
        const custom = Object.assign(Object.create(null) as Record<string, unknown>, rule.meta.custom);
        custom[attribute] = value;
        return { ...rule, meta: { ...rule.meta, custom } };
      },
    };
  },
  rule_failure: (parameters) => ({ kind: 'refuse', message: parameters.required('message') }),
  // A field that no mapping has renamed, and that is no new name either, has no mapping.
  strict_field_mapping_failure: () => ({
    kind: 'item',
    change: (item, run) =>
      item.field === undefined || run.mapped.has(item.field)
        ? item
        : { refused: `field "${item.field}" has no mapping` },
  }),
  detection_item_failure: (parameters) => {
    const refused = parameters.required('message');
    return { kind: 'item', change: () => ({ refused }) };
  },
};

function fieldList(change: (fields: readonly string[]) => readonly string[]): Transformation {
  return { kind: 'rule', change: (rule) => ({ ...rule, meta: { ...rule.meta, fields: change(rule.meta.fields) } }) };
}

/** `new and (old)`; the new definition gets a name that no rule can write. Fields may have modifiers, as in rules. */
function addCondition(parameters: Parameters, { regexProblem }: TransformationContext): Transformation {
  const conditions = parameters.raw('conditions');
  const template = parameters.flag('template', false);
  const negated = parameters.flag('negated', false);
  const name = `added ${parameters.text('name') ?? parameters.path.join('.')}`;
  const definition = { reporter: parameters.reporter, arraySelectors: false, regexProblem };
  const path = [...parameters.path, 'conditions'];
  const entries = isMapping(conditions) ? Object.entries(conditions) : [];
  if (entries.length === 0) parameters.error(isMapping(conditions) ? 'conditions are empty' : 'conditions is no map');
  const itemsOf = (fill: (value: unknown) => unknown): Definition[] =>
    entries.flatMap(([key, raw]) => parseDetectionItem(key, fill(raw), [...path, key], definition) ?? []);
  const fixed = itemsOf((value) => value);
  return {
    kind: 'rule',
    change: (rule) => {
      const items = template ? itemsOf((value) => filled(value, rule.logsource)) : fixed;
      let unique = name;
      while (rule.definitions.has(unique)) unique += "'";
      const added: Condition = { kind: 'identifier', name: unique };
      return {
        ...rule,
        definitions: new Map([...rule.definitions, [unique, { kind: 'all', items }]]),
        conditions: rule.conditions.map((own) => ({
          kind: 'and',
          items: [negated ? { kind: 'not', item: added } : added, own],
        })),
      };
    },
  };
}

function filled(value: unknown, { category = '', product = '', service = '' }: LogSource): unknown {
  if (Array.isArray(value)) return value.map((member) => filled(member, { category, product, service }));
  if (typeof value !== 'string') return value;
  const names: Readonly<Record<string, string>> = { category, product, service };
  return value.replace(/\$(?:\$|\{?(category|product|service)\}?)/g, (_all, key?: string) =>
    key === undefined ? '$' : (names[key] ?? ''),
  );
}
