/**
 * Detection items: `field|mod1|mod2: value(s)`. The key is split, each value goes through the chain of modifiers from left to
 * right, and the result is tests linked by OR, or by AND with `all`.
 */
import { suggestion } from '../../errors/nearest.ts';
import type { Regex } from '../../ir/predicate.ts';
import type { DetectionItem, ItemValue, SigmaValue } from './ast.ts';
import { regexTest } from './compile.ts';
import type { Modifier, ModifierProblem } from './modifiers/modifier.ts';
import { described } from './modifiers/modifier.ts';
import { MODIFIER_BY_NAME } from './modifiers/registry.ts';
import { padded, parseText, plainText, type TextValue } from './text-value.ts';
import type { Reporter } from './reporter.ts';
import type { YamlPath } from './source-locator.ts';

/** What parsing definitions needs to know and report to. */
export interface DefinitionContext {
  readonly reporter: Reporter;
  /** `field[any]` and `field[0]` are selectors: rules that state sigma-version 3. */
  readonly arraySelectors: boolean;
  /** Why an expression cannot be evaluated in linear time; undefined when it can. Given by the matcher's side. */
  regexProblem(regex: Regex): string | undefined;
}

/** Most values of one item; more is refused. */
const MAX_VALUES = 100_000;

/** Parses one entry of a map; `isElement`: about the element of an array itself. Returns undefined after reporting an error. */
export function parseDetectionItem(
  key: string,
  raw: unknown,
  path: YamlPath,
  context: DefinitionContext,
  isElement = false,
): DetectionItem | undefined {
  const { reporter } = context;
  const [name = '', ...modifierNames] = key.split('|');
  const before = reporter.errors;
  const chain = resolveChain(modifierNames, key, path, reporter);
  if (chain === undefined) return undefined;
  const field = isElement ? '' : name === '' ? undefined : name;
  if (field === undefined) {
    if (Array.isArray(raw) && raw.length === 0) {
      reporter.error('SIGMA_BAD_VALUE', 'keywords are an empty list', path);
      return undefined;
    }
    const misplaced = chain.find((modifier) => modifier.needsField === true);
    if (misplaced !== undefined) {
      reporter.error('SIGMA_BAD_MODIFIER', `modifier "${misplaced.name}" needs a field`, { path, key: true });
      return undefined;
    }
  }
  const list = Array.isArray(raw) ? (raw as readonly unknown[]) : [raw];
  if (list.length > MAX_VALUES) {
    reporter.error('SIGMA_BAD_VALUE', `"${key}" has ${list.length} values; at most ${MAX_VALUES} are allowed`, path);
    return undefined;
  }
  const all = chain.some((modifier) => modifier.name === 'all');
  if (all && list.length === 1)
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      `"all" on a single value of "${key}" has no effect`,
      { path, key: true },
      'give a list of values, or leave "all" out',
    );
  if (Array.isArray(raw) && list.length > 1 && list.includes(null))
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      `null inside the list of "${key}"`,
      path,
      'null is not meant for lists; it is read as one more alternative',
    );
  const valueChain = chain.filter((modifier) => modifier.accepts !== 'item');
  const edge = chain.find((modifier) => modifier.name === 'startswith' || modifier.name === 'endswith');
  if (edge !== undefined && valueChain[0]?.name === 're')
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      `"${edge.name}" after "re" does not bind the expression to an end`,
      { path, key: true },
      edge.name === 'startswith' ? 'write ^ in front of the expression' : 'write $ behind the expression',
    );
  const values: ItemValue[] = [];
  for (const [index, written] of list.entries()) {
    const valuePath = Array.isArray(raw) ? [...path, index] : path;
    const value = parseValue(written, valueChain, field === undefined, valuePath, context);
    if (value !== undefined) values.push({ value, written: String(written) });
  }
  // An empty list is null, as in the reference library: modifiers of values have nothing to be applied to.
  if (list.length === 0) values.push({ value: { kind: 'null' }, written: 'null' });
  if (reporter.errors > before) return undefined;
  return {
    kind: 'item',
    ...(field === undefined ? {} : { field }),
    key,
    values,
    all,
    negated: chain.some((modifier) => modifier.name === 'neq'),
  };
}

/** A YAML scalar as a Sigma value before any modifier; undefined when it is no scalar or no finite number. */
export function scalarValue(written: unknown): SigmaValue | undefined {
  if (written === null) return { kind: 'null' };
  if (typeof written === 'string') return parseText(written);
  if (typeof written === 'boolean') return { kind: 'boolean', value: written };
  if (typeof written === 'number' && Number.isFinite(written)) return { kind: 'number', value: written };
  return undefined;
}

function resolveChain(
  names: readonly string[],
  key: string,
  path: YamlPath,
  reporter: Reporter,
): readonly Modifier[] | undefined {
  const chain: Modifier[] = [];
  for (const name of names) {
    const modifier = MODIFIER_BY_NAME.get(name);
    const place = { path, key: true };
    if (modifier === undefined) {
      const lower = MODIFIER_BY_NAME.has(name.toLowerCase());
      const near = lower ? `; did you mean "${name.toLowerCase()}"?` : suggestion(name, MODIFIER_BY_NAME.keys());
      reporter.error('SIGMA_UNKNOWN_MODIFIER', `unknown modifier "${name}" in "${key}"${near}`, place);
      return undefined;
    }
    if (modifier.first === true && chain.some((earlier) => earlier.accepts !== 'item')) {
      reporter.error('SIGMA_BAD_MODIFIER', `modifier "${name}" must come first in "${key}"`, place);
      return undefined;
    }
    chain.push(modifier);
  }
  return chain;
}

function parseValue(
  written: unknown,
  chain: readonly Modifier[],
  isKeyword: boolean,
  path: YamlPath,
  context: DefinitionContext,
): SigmaValue | undefined {
  const { reporter } = context;
  const expands = typeof written === 'string' && chain.some((modifier) => modifier.name === 'expand');
  const scalar = expands ? parseText(written, true) : scalarValue(written);
  if (scalar === undefined) {
    const what = typeof written === 'number' ? `number "${written}" is not finite` : 'value is no scalar';
    reporter.error('SIGMA_BAD_VALUE', what, path, 'give text, a number, a boolean, null, or a list of these');
    return undefined;
  }
  if (scalar.kind === 'text' && typeof written === 'string' && written.includes('\u0000'))
    reporter.warn('SIGMA_QUESTIONABLE', 'value contains a NUL character', path);
  let value: SigmaValue | ModifierProblem = scalar;
  for (const modifier of chain) {
    value = modifier.accepts.includes(value.kind as never)
      ? modifier.apply(value, written)
      : {
          problem: `modifier "${modifier.name}" does not fit ${described(value, written)}`,
          ...fitting(modifier, value, written),
        };
    if ('problem' in value) {
      reporter.error('SIGMA_BAD_MODIFIER', value.problem, path, value.hint);
      return undefined;
    }
  }
  if (value.kind === 'regex') {
    // What a placeholder becomes is text, which is right wherever a letter is.
    const source = value.parts?.map((part) => ('text' in part ? part.text : 'x')).join('') ?? value.source;
    const problem = context.regexProblem(regexTest({ ...value, source }));
    if (problem !== undefined) {
      reporter.error('SIGMA_BAD_REGEX', `regular expression ${JSON.stringify(value.source)}: ${problem}`, path);
      return undefined;
    }
  }
  return isKeyword ? keywordValue(value, chain, path, reporter) : value;
}

/** How to write the scalar so that the modifier takes it, where only its quotes are wrong. */
function fitting(modifier: Modifier, value: SigmaValue, written: unknown): { readonly hint?: string } {
  const { accepts } = modifier;
  if (accepts === 'item') return {};
  if (accepts.includes('text') && (value.kind === 'number' || value.kind === 'boolean'))
    return { hint: `write it in quotes: '${String(written)}'` };
  if (accepts.includes('boolean') && typeof written === 'string' && /^(true|false)$/.test(written))
    return { hint: `write it without quotes: ${written}` };
  return {};
}

/** A keyword is searched inside every value of the event, at its start or end where a modifier says so. */
function keywordValue(
  value: SigmaValue,
  chain: readonly Modifier[],
  path: YamlPath,
  reporter: Reporter,
): SigmaValue | undefined {
  const padding = (text: TextValue): TextValue => {
    const ends = chain.map(({ name }) => name);
    return padded(text, !ends.includes('startswith'), !ends.includes('endswith'));
  };
  if (value.kind === 'text') {
    if (value.parts.length === 0) reporter.warn('SIGMA_QUESTIONABLE', 'an empty keyword matches every event', path);
    return padding(value);
  }
  if (value.kind === 'number' || value.kind === 'boolean') return padding(plainText(String(value.value)));
  if (value.kind === 'one-of') {
    const values = value.values.flatMap((member) => keywordValue(member, chain, path, reporter) ?? []);
    return { kind: 'one-of', values };
  }
  if (value.kind === 'regex' || value.kind === 'network') return value;
  reporter.error('SIGMA_BAD_VALUE', `${value.kind} cannot be searched as a keyword`, path);
  return undefined;
}
