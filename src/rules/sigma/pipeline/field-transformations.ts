/** Transformations of field names; they also reach `fieldref` values, the rule's `fields`, and fields of correlations. */
import type { Parameters } from './parameters.ts';
import type { Transformation } from './pipeline.ts';

type Build = (parameters: Parameters) => Transformation;

export const FIELD_TRANSFORMATIONS: Readonly<Record<string, Build>> = {
  field_name_mapping: (parameters) => {
    const mapping = parameters.mapping('mapping');
    // YAML writes the field that keywords have, none, as the key null.
    return { kind: 'field', names: (field) => mapping.get(field ?? 'null') };
  },
  field_name_prefix_mapping: (parameters) => {
    const mapping = parameters.mapping('mapping');
    return {
      kind: 'field',
      names: (field) => {
        for (const [prefix, targets] of mapping)
          if (field?.startsWith(prefix)) return targets.map((target) => target + field.slice(prefix.length));
        return undefined;
      },
    };
  },
  field_name_prefix: (parameters) => {
    const prefix = parameters.required('prefix');
    return { kind: 'field', names: (field) => (field === undefined ? undefined : [prefix + field]) };
  },
  field_name_suffix: (parameters) => {
    const suffix = parameters.required('suffix');
    return { kind: 'field', names: (field) => (field === undefined ? undefined : [field + suffix]) };
  },
};
