/**
 * Regular expressions from rules and feeds, evaluated in linear time (RE2 semantics by re2js). What RE2 cannot express
 * (look-around, back-references, possessive quantifiers) is refused when the rule is loaded.
 */
import { RE2JS } from 're2js';
import type { Regex } from '../ir/predicate.ts';
import { translateRegex } from './regex-dialect.ts';

export interface CompiledRegex {
  matches(text: string): boolean;
}

const compiled = new WeakMap<Regex, CompiledRegex>();

/** Compiles once per node. Throws when the expression is not supported: loaders call `regexProblem` first. */
export function compiledRegex(regex: Regex): CompiledRegex {
  let entry = compiled.get(regex);
  if (entry === undefined) {
    const translated = translateRegex(regex.source);
    if ('problem' in translated) throw new Error(translated.problem);
    const pattern = RE2JS.compile(translated.source, flagBits(regex));
    entry = { matches: (text) => pattern.matcher(text).find() };
    compiled.set(regex, entry);
  }
  return entry;
}

/** Why the expression cannot be used, or undefined when it can. */
export function regexProblem(regex: Regex): string | undefined {
  try {
    compiledRegex(regex);
    return undefined;
  } catch (error) {
    // Both the translation and re2js throw with a message about the expression.
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
  }
}

function flagBits(regex: Regex): number {
  const { ignoreCase, multiline, dotAll } = regex.flags;
  return (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (multiline ? RE2JS.MULTILINE : 0) | (dotAll ? RE2JS.DOTALL : 0);
}
