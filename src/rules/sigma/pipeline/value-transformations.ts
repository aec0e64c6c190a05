/** Transformations of the values of detection items. */
import type { Regex } from '../../../ir/predicate.ts';
import type { Definition, DetectionItem, ItemValue, SigmaValue, TextPart } from '../ast.ts';
import { scalarValue } from '../detection-item.ts';
import type { PlaceholderResolver } from '../placeholders.ts';
import { resolvePlaceholders } from '../placeholders.ts';
import { literalOf, parseText, plainForm, plainText, type TextValue } from '../text-value.ts';
import { textOf } from './conditions.ts';
import { fileValues } from './file-values.ts';
import type { Parameters } from './parameters.ts';
import type { Refusal, Transformation } from './pipeline.ts';
import { type Substitution, substituted, substitutions } from './python-regex.ts';

export interface TransformationContext {
  readonly vars: ReadonlyMap<string, readonly string[]>;
  /** Content of a file that the pipeline names, relative to its own folder; undefined: not there. Not given: files are refused. */
  readonly readFile?: (path: string) => string | undefined;
  /** Why an expression cannot be evaluated in linear time. */
  regexProblem(regex: Regex): string | undefined;
}

type Build = (parameters: Parameters, context: TransformationContext) => Transformation;

export const VALUE_TRANSFORMATIONS: Readonly<Record<string, Build>> = {
  replace_string: (parameters) => {
    const pattern = parameters.pattern('regex', false);
    const template = parameters.required('replacement');
    const replace = (text: string): string => substituted(text, pattern, template);
    const skipSpecial = parameters.flag('skip_special', false);
    const interpretSpecial = parameters.flag('interpret_special', false);
    return eachValue((value) => {
      if (value.kind === 'number') {
        const text = replace(String(value.value));
        return skipSpecial && !interpretSpecial ? plainText(text) : parseText(text);
      }
      if (value.kind !== 'text') return value;
      if (!skipSpecial) return replacedText(value, (text) => substitutions(text, pattern, template));
      const parts = value.parts.flatMap((part): readonly TextPart[] => {
        if (!('text' in part)) return [part];
        const text = replace(part.text);
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
    const methods = ['plain', 'ignore_case_flag', 'ignore_case_brackets'] as const;
    const method = parameters.choice('method', methods, 'ignore_case_brackets');
    return eachValue((value) => (value.kind === 'text' && value.parts.length > 0 ? textToRegex(value, method) : value));
  },
  set_value: (parameters) => {
    const raw = parameters.raw('value');
    const force = parameters.text('force_type');
    const value =
      force === 'str'
        ? parseText(String(raw))
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
      if (value.kind !== 'text') return value;
      const literal = literalOf(value)?.trim() ?? '';
      const isNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(literal);
      if (isNumber && Number.isFinite(Number(literal))) return { kind: 'number', value: Number(literal) };
      return { refused: `value "${plainForm(value)}" is no number` };
    });
  },
  case: (parameters) => {
    const method = parameters.choice('method', ['lower', 'upper', 'snake_case'], 'lower');
    const change = (text: string): string =>
      method === 'lower'
        ? text.toLowerCase()
        : method === 'upper'
          ? text.toUpperCase()
          : text.replace(/(?<!^)(?=[A-Z])/g, '_').toLowerCase();
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
    const fields =
      parameters.map['field_to_parse'] === undefined ? ['Hashes', 'Hash'] : parameters.list('field_to_parse');
    return {
      kind: 'item',
      change: (item) =>
        item.field !== undefined &&
        fields.includes(item.field) &&
        item.values.every(({ value }) => value.kind === 'text')
          ? splitHashes(item, algorithms, prefix, drop)
          : item,
    };
  },
  extract_fields: (parameters) => {
    const pattern = parameters.pattern('regex', true);
    const prefix = parameters.text('field_prefix');
    const keep = parameters.flag('preserve_unmatched', false);
    if (!/\(\?<(?![=!])/.test(pattern.source)) parameters.error('regex has no named group: write (?P<name>…)', 'regex');
    return {
      kind: 'item',
      change: (item) =>
        item.values.every(({ value }) => value.kind === 'text')
          ? extractFields(item, pattern, prefix === undefined ? '' : `${prefix}.`, keep)
          : item,
    };
  },
  value_placeholders: (parameters, context) =>
    placeholderItem(parameters, (name) => context.vars.get(name)?.map((value) => parseText(value).parts)),
  wildcard_placeholders: (parameters) => placeholderItem(parameters, () => [[{ wildcard: 'any' }]]),
  file_placeholders: (parameters, context) => {
    const values = fileValues(parameters, context)?.map((value) => parseText(value).parts);
    return placeholderItem(parameters, () => values);
  },
};

function eachValue(change: (value: SigmaValue) => SigmaValue | Refusal): Transformation {
  return {
    kind: 'item',
    change: (item) => {
      let refusal: Refusal | undefined;
      const deep = (value: SigmaValue): SigmaValue => {
        if (value.kind === 'one-of') return { kind: 'one-of', values: value.values.map(deep) };
        const changed = change(value);
        if (!('refused' in changed)) return changed;
        refusal ??= changed;
        return value;
      };
      const values = item.values.map(({ value, written }): ItemValue => ({ value: deep(value), written }));
      if (refusal !== undefined) return refusal;
      return values.every(({ value }, i) => value === item.values[i]?.value) ? item : { ...item, values };
    },
  };
}

/**
 * `replace` looks at the text as pySigma prints it, in which a backslash before a wildcard looks like its escape. So only what is put
 * in is read anew, as pySigma 2 does; what stands between stays the parts that it was.
 */
function replacedText(value: TextValue, replace: (text: string) => readonly Substitution[]): TextValue {
  const expands = value.parts.some((part) => 'placeholder' in part);
  const pieces = value.parts.flatMap((part): readonly TextPart[] =>
    'text' in part ? [...part.text].map((text) => ({ text })) : [part],
  );
  const printed = pieces.map((part) => plainForm({ ...value, parts: [part] }));
  const found = replace(printed.join(''));
  if (found.length === 0) return value;
  const parts: TextPart[] = [];
  let unread = '';
  const read = (): void => {
    if (unread !== '') parts.push(...parseText(unread.replace(/\\(?![*?])/g, '\\\\'), expands).parts);
    unread = '';
  };
  let next = 0;
  let at = 0;
  pieces.forEach((part, i) => {
    const text = printed[i] ?? '';
    const end = at + text.length;
    const stays = (from: number, to: number): void => {
      if (from === at && to === end) {
        read();
        parts.push(part);
      } else unread += text.slice(from - at, to - at);
    };
    let from = at;
    // What begins in this piece; of an earlier one that reaches into it the end is skipped.
    const before = found[next - 1];
    if (before !== undefined) from = Math.max(from, Math.min(before.end, end));
    for (let one = found[next]; one !== undefined && one.start < end; one = found[++next]) {
      if (one.start > from) stays(from, one.start);
      unread += one.by;
      from = Math.max(from, Math.min(one.end, end));
    }
    if (from < end) stays(from, end);
    at = end;
  });
  for (; next < found.length; next++) unread += found[next]?.by ?? '';
  read();
  return { ...value, parts: joinedTexts(parts) };
}

function joinedTexts(parts: readonly TextPart[]): readonly TextPart[] {
  const joined: TextPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if ('text' in part && last !== undefined && 'text' in last)
      joined[joined.length - 1] = { text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
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

/** `SHA1=…,MD5=…` to one item per algorithm, linked as the values were. */
function splitHashes(
  item: DetectionItem,
  algorithms: readonly string[],
  prefix: string,
  drop: boolean,
): Definition | Refusal {
  const byField = new Map<string, ItemValue[]>();
  for (const { value, written } of item.values) {
    const text = value.kind === 'text' ? value.parts.map((part) => ('text' in part ? part.text : '')).join('') : '';
    for (const piece of text.split(/[,]|(?<==[^,|]*)[|]/)) {
      const [name = '', hash] = /[=|]/.test(piece) ? piece.split(/[=|]/, 2) : [algorithmOf(piece), piece];
      const algorithm = algorithms.find((known) => known.toLowerCase() === name.toLowerCase());
      if (algorithm === undefined || hash === undefined || hash === '') continue;
      const field = prefix + (drop ? '' : algorithm);
      const list = byField.get(field) ?? [];
      list.push({ value: plainText(hash), written });
      byField.set(field, list);
    }
  }
  if (byField.size === 0) return { refused: `no hash of ${algorithms.join(', ')} in "${item.key}"` };
  const items = [...byField].map(([field, values]): Definition => ({ ...item, field, key: field, values }));
  return items.length === 1 ? (items[0] as Definition) : { kind: item.all || item.negated ? 'all' : 'any', items };
}

function algorithmOf(hash: string): string {
  const names: Readonly<Record<number, string>> = { 32: 'MD5', 40: 'SHA1', 64: 'SHA256', 128: 'SHA512' };
  return names[hash.length] ?? '';
}

/** Named groups of the expression become fields of their own, all of which must hold. */
function extractFields(item: DetectionItem, pattern: RegExp, prefix: string, keep: boolean): Definition {
  const alternatives = item.values.flatMap((entry): Definition[] => {
    pattern.lastIndex = 0;
    const groups = entry.value.kind === 'text' ? pattern.exec(plainForm(entry.value))?.groups : undefined;
    if (groups === undefined) return keep ? [{ ...item, values: [entry] }] : [];
    const items = Object.entries(groups)
      .filter(([, text]) => text !== undefined && text !== '')
      .map(
        ([name, text]): Definition => ({
          kind: 'item',
          field: prefix + name,
          key: prefix + name,
          values: [{ value: extractedValue(text), written: entry.written }],
          all: false,
          negated: item.negated,
        }),
      );
    return items.length === 0 ? [] : [{ kind: 'all', items }];
  });
  if (alternatives.length === 0) return item;
  return alternatives.length === 1
    ? (alternatives[0] as Definition)
    : { kind: item.all ? 'all' : 'any', items: alternatives };
}

/** Digits become a number unless zeros lead, `null` and `none` null. */
function extractedValue(text: string): SigmaValue {
  if (/^(null|none)$/i.test(text)) return { kind: 'null' };
  const isNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) && (text === '0' || !text.startsWith('0'));
  return isNumber && Number.isFinite(Number(text)) ? { kind: 'number', value: Number(text) } : parseText(text);
}
