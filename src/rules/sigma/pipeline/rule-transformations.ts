/** Transformations of whole rules: conditions added, log source changed, lists and attributes set, rules refused. */
import { covers } from '../../../core/logsource.ts';
import type { Condition, Definition } from '../ast.ts';
import { isMapping } from '../definition.ts';
import { scalarValue } from '../detection-item.ts';
import type { Parameters } from './parameters.ts';
import type { Transformation } from './pipeline.ts';

type Build = (parameters: Parameters) => Transformation;

export const RULE_TRANSFORMATIONS: Readonly<Record<string, Build>> = {
  add_condition: (parameters) => addCondition(parameters),
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
  // A field that no transformation of this pipeline has touched has no mapping.
  strict_field_mapping_failure: () => ({
    kind: 'item',
    change: (item) =>
      item.field === undefined || (item.applied ?? []).length > 0
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

/** `new and (old)`; the new definition gets a name that no rule can write. */
function addCondition(parameters: Parameters): Transformation {
  const conditions = parameters.raw('conditions');
  const template = parameters.flag('template', false);
  const negated = parameters.flag('negated', false);
  const name = `added ${parameters.text('name') ?? parameters.path.join('.')}`;
  if (!isMapping(conditions)) {
    parameters.error('conditions is no map');
    return { kind: 'rule', change: (rule) => rule };
  }
  return {
    kind: 'rule',
    change: (rule) => {
      const { category = '', product = '', service = '' } = rule.logsource;
      const fill = (value: unknown): unknown =>
        template && typeof value === 'string'
          ? value.replace(
              /\$\{?(category|product|service)\}?/g,
              (_all, key: string) => ({ category, product, service })[key] ?? '',
            )
          : value;
      const items = Object.entries(conditions).map(([field, raw]): Definition => {
        const list = (Array.isArray(raw) ? (raw as readonly unknown[]) : [raw]).map(fill);
        const values = list.map((written) => ({
          value: scalarValue(written) ?? { kind: 'null' as const },
          written: String(written),
        }));
        return { kind: 'item', field, key: field, values, all: false, negated: false };
      });
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
