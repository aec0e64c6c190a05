/** Transformations of the values of detection items. */
import type { Definition, DetectionItem, ItemValue, SigmaValue, TextPart } from '../ast.ts';
import { scalarValue } from '../detection-item.ts';
import type { PlaceholderResolver } from '../placeholders.ts';
import { resolvePlaceholders } from '../placeholders.ts';
import { literalOf, parseText, plainText, writtenForm } from '../text-value.ts';
import { textOf } from './conditions.ts';
import { fileValues } from './file-values.ts';
import type { Parameters } from './parameters.ts';
import type { Transformation } from './pipeline.ts';

export interface TransformationContext {
  readonly vars: ReadonlyMap<string, readonly string[]>;
  /** Content of a file that the pipeline names, relative to its own folder; undefined: not there. Not given: files are refused. */
  readonly readFile?: (path: string) => string | undefined;
}

type Build = (parameters: Parameters, context: TransformationContext) => Transformation;

export const VALUE_TRANSFORMATIONS: Readonly<Record<string, Build>> = {
  replace_string: (parameters) => {
    const pattern = parameters.pattern('regex', false);
    const replacement = parameters
      .required('replacement')
      .replace(/\$/g, '$$$$')
      .replace(/\\g<(\w+)>/g, (_all, name: string) => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`))
      .replace(/\\(\d)/g, '$$$1');
    const skipSpecial = parameters.flag('skip_special', false);
    const interpretSpecial = parameters.flag('interpret_special', false);
    return eachValue((value) => {
      if (value.kind === 'number') {
        const text = String(value.value).replace(pattern, replacement);
        return interpretSpecial ? parseText(text) : plainText(text);
      }
      if (value.kind !== 'text') return value;
      if (!skipSpecial) return { ...parseText(writtenForm(value).replace(pattern, replacement)), cased: value.cased };
      const parts = value.parts.flatMap((part): readonly TextPart[] => {
        if (!('text' in part)) return [part];
        const text = part.text.replace(pattern, replacement);
        return interpretSpecial ? parseText(text).parts : [{ text }];
      });
      return { ...value, parts };
    });
  },
  map_string: (parameters) => {
    const mapping = parameters.mapping('mapping');
    return eachValue((value) => {
      const targets = value.kind === 'text' ? mapping.get(textOf(value)) : undefined;
      if (targets === undefined || value.kind !== 'text') return value;
      const values = targets.map((target): SigmaValue => ({ ...parseText(target), cased: value.cased }));
      return values.length === 1 ? (values[0] as SigmaValue) : { kind: 'one-of', values };
    });
  },
  regex: (parameters) => {
    const method = parameters.choice('method', ['plain', 'ignore_case_flag', 'ignore_case_brackets'], 'plain');
    return eachValue((value) => (value.kind === 'text' ? textToRegex(value, method) : value));
  },
  set_value: (parameters) => {
    const raw = parameters.raw('value');
    const force = parameters.text('force_type');
    const value =
      force === 'str'
        ? plainText(String(raw))
        : force === 'num'
          ? { kind: 'number' as const, value: Number(raw) }
          : scalarValue(raw ?? null);
    if (value === undefined || (value.kind === 'number' && !Number.isFinite(value.value)))
      parameters.error('value is no scalar', 'value');
    const set: SigmaValue = value ?? { kind: 'null' };
    return { kind: 'item', change: (item) => ({ ...item, values: [{ value: set, written: String(raw) }] }) };
  },
  convert_type: (parameters) => {
    const target = parameters.choice('target_type', ['str', 'num'], 'str');
    return eachValue((value) => {
      if (target === 'str') return value.kind === 'number' ? plainText(String(value.value)) : value;
      const literal = value.kind === 'text' ? literalOf(value) : undefined;
      const number = literal === undefined || literal.trim() === '' ? Number.NaN : Number(literal);
      return Number.isFinite(number) ? { kind: 'number', value: number } : value;
    });
  },
  case: (parameters) => {
    const method = parameters.choice('method', ['lower', 'upper', 'snake_case'], 'lower');
    const change = (text: string): string =>
      method === 'lower'
        ? text.toLowerCase()
        : method === 'upper'
          ? text.toUpperCase()
          : text.replace(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase();
    return eachValue((value) =>
      value.kind === 'text'
        ? { ...value, parts: value.parts.map((part) => ('text' in part ? { text: change(part.text) } : part)) }
        : value,
    );
  },
  hashes_fields: (parameters) => {
    const known = parameters.list('valid_hash_algos');
    const prefix = parameters.text('field_prefix') ?? '';
    const drop = parameters.flag('drop_algo_prefix', false);
    const algorithms = known.length > 0 ? known : ['MD5', 'SHA1', 'SHA256', 'SHA512', 'IMPHASH'];
    return { kind: 'item', change: (item) => splitHashes(item, algorithms, prefix, drop) };
  },
  extract_fields: (parameters) => {
    const pattern = parameters.pattern('regex', true);
    const prefix = parameters.text('field_prefix') ?? '';
    const keep = parameters.flag('preserve_unmatched', false);
    return { kind: 'item', change: (item) => extractFields(item, pattern, prefix, keep) };
  },
  value_placeholders: (parameters, context) =>
    placeholderItem(parameters, (name) => context.vars.get(name)?.map((value) => parseText(value).parts)),
  wildcard_placeholders: (parameters) => placeholderItem(parameters, () => [[{ wildcard: 'any' }]]),
  file_placeholders: (parameters, context) => {
    const values = fileValues(parameters, context)?.map((value) => parseText(value).parts);
    return placeholderItem(parameters, () => values);
  },
};

function eachValue(change: (value: SigmaValue) => SigmaValue): Transformation {
  const deep = (value: SigmaValue): SigmaValue =>
    value.kind === 'one-of' ? { kind: 'one-of', values: value.values.map(deep) } : change(value);
  return {
    kind: 'item',
    change: (item) => ({
      ...item,
      values: item.values.map(({ value, written }): ItemValue => ({ value: deep(value), written })),
    }),
  };
}

function placeholderItem(parameters: Parameters, resolve: PlaceholderResolver): Transformation {
  const include = parameters.list('include');
  const exclude = parameters.list('exclude');
  if (parameters.map['include'] !== undefined && parameters.map['exclude'] !== undefined)
    parameters.error('include and exclude cannot both be given', 'exclude');
  const wanted = (name: string): boolean => (include.length === 0 || include.includes(name)) && !exclude.includes(name);
  return {
    kind: 'item',
    change: (item) => resolvePlaceholders(item, (name) => (wanted(name) ? resolve(name) : undefined)),
  };
}

function textToRegex(
  value: Extract<SigmaValue, { kind: 'text' }>,
  method: 'plain' | 'ignore_case_flag' | 'ignore_case_brackets',
): SigmaValue {
  const quoted = (text: string): string =>
    Array.from(text)
      .map((char) => {
        if (method === 'ignore_case_brackets' && char.toLowerCase() !== char.toUpperCase())
          return `[${char.toLowerCase()}${char.toUpperCase()}]`;
        return char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      })
      .join('');
  const body = value.parts
    .map((part) => {
      if ('text' in part) return quoted(part.text);
      if ('oneOf' in part) return `[${part.oneOf.replace(/[\\\]^-]/g, '\\$&')}]`;
      return 'wildcard' in part ? (part.wildcard === 'any' ? '.*' : '.') : `%${part.placeholder}%`;
    })
    .join('');
  return {
    kind: 'regex',
    source: `^(?:${body})$`,
    flags: { ignoreCase: method === 'ignore_case_flag', multiline: false, dotAll: true },
  };
}

/** `SHA1=…,MD5=…` to one item per algorithm, OR-linked. */
function splitHashes(item: DetectionItem, algorithms: readonly string[], prefix: string, drop: boolean): Definition {
  const byField = new Map<string, ItemValue[]>();
  for (const { value, written } of item.values) {
    const text = value.kind === 'text' ? value.parts.map((part) => ('text' in part ? part.text : '')).join('') : '';
    for (const piece of text.split(/[,|]/)) {
      const [name = '', hash] = piece.includes('=') ? piece.split('=', 2) : [algorithmOf(piece), piece];
      const algorithm = algorithms.find((known) => known.toLowerCase() === name.toLowerCase());
      if (algorithm === undefined || hash === undefined || hash === '') continue;
      const field = prefix + (drop ? '' : algorithm);
      const list = byField.get(field) ?? [];
      list.push({ value: plainText(hash), written });
      byField.set(field, list);
    }
  }
  if (byField.size === 0) return item;
  const items = [...byField].map(([field, values]): Definition => ({ ...item, field, key: field, values }));
  return items.length === 1 ? (items[0] as Definition) : { kind: 'any', items };
}

function algorithmOf(hash: string): string {
  const names: Readonly<Record<number, string>> = { 32: 'MD5', 40: 'SHA1', 64: 'SHA256', 128: 'SHA512' };
  return names[hash.length] ?? '';
}

/** Named groups of the expression become fields of their own, all of which must hold. */
function extractFields(item: DetectionItem, pattern: RegExp, prefix: string, keep: boolean): Definition {
  const alternatives = item.values.flatMap((entry): Definition[] => {
    pattern.lastIndex = 0;
    const groups = entry.value.kind === 'text' ? pattern.exec(writtenForm(entry.value))?.groups : undefined;
    if (groups === undefined) return keep ? [{ ...item, values: [entry] }] : [];
    const items = Object.entries(groups)
      .filter(([, text]) => text !== undefined)
      .map(
        ([name, text]): Definition => ({
          kind: 'item',
          field: prefix + name,
          key: prefix + name,
          values: [{ value: parseText(text), written: entry.written }],
          all: false,
          negated: item.negated,
        }),
      );
    return [{ kind: 'all', items }];
  });
  if (alternatives.length === 0) return item;
  return alternatives.length === 1
    ? (alternatives[0] as Definition)
    : { kind: item.all ? 'all' : 'any', items: alternatives };
}
