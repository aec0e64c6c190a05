/**
 * The added key `condition`: a boolean expression over the tags of a flux rule, for example `a and not (b or parent.c)`,
 * `all of them`, `1 of them`. A tag may be written in double quotes. `self.`, `parent.`, `ancestor.` and `earlier.` before a tag
 * choose where it must come from; without one either place counts, as in the original. `not` binds tightest, then `and`.
 */
import { suggestion } from '../../errors/nearest.ts';
import type { TagCondition } from '../../ir/flux.ts';

export type ParsedCondition =
  | { readonly condition: TagCondition }
  | { readonly problem: string /** Offset in the text. */; readonly offset: number };

interface Token {
  readonly text: string;
  readonly offset: number;
  readonly quoted: boolean;
}

const MAX_DEPTH = 100;
const PREFIXES: Readonly<Record<string, 'self' | 'inherited'>> = {
  self: 'self',
  parent: 'inherited',
  ancestor: 'inherited',
  earlier: 'inherited',
};
/** Which prefixes make sense for an action; the wrong one is a misunderstanding, so it is refused. */
const PREFIXES_OF: Readonly<Record<string, readonly string[]>> = {
  parent: ['self', 'parent'],
  ancestor: ['self', 'ancestor'],
  temporal: ['self', 'earlier'],
};

export function parseTagCondition(text: string, tags: readonly string[], action: string): ParsedCondition {
  return new ConditionParser(text, tags, action).parse();
}

export function allTags(tags: readonly string[]): TagCondition {
  return { kind: 'and', items: anyTags(tags) };
}

function anyTags(tags: readonly string[]): TagCondition[] {
  return tags.map((_, tag) => ({ kind: 'tag', tag, from: 'any' }));
}

/** Thrown inside the parser only, to leave the recursion. */
class ConditionProblem extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

class ConditionParser {
  readonly #tokens: readonly Token[];
  readonly #tags: readonly string[];
  readonly #action: string;
  readonly #end: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, tags: readonly string[], action: string) {
    this.#tokens = tokensOf(text);
    this.#tags = tags;
    this.#action = action;
    this.#end = text.length;
  }

  parse(): ParsedCondition {
    try {
      const condition = this.#or();
      const rest = this.#tokens[this.#at];
      if (rest !== undefined) throw new ConditionProblem(`unexpected "${rest.text}" in condition`, rest.offset);
      return { condition };
    } catch (error) {
      if (error instanceof ConditionProblem) return { problem: error.message, offset: error.offset };
      throw error;
    }
  }

  #or(): TagCondition {
    const items = [this.#and()];
    while (this.#takes('or')) items.push(this.#and());
    return items.length === 1 ? (items[0] as TagCondition) : { kind: 'or', items };
  }

  #and(): TagCondition {
    const items = [this.#not()];
    while (this.#takes('and')) items.push(this.#not());
    return items.length === 1 ? (items[0] as TagCondition) : { kind: 'and', items };
  }

  #not(): TagCondition {
    if (++this.#depth > MAX_DEPTH) throw new ConditionProblem('condition is nested too deeply', this.#offset());
    const result: TagCondition = this.#takes('not') ? { kind: 'not', item: this.#not() } : this.#primary();
    this.#depth--;
    return result;
  }

  #primary(): TagCondition {
    if (this.#takes('(')) {
      const inner = this.#or();
      if (!this.#takes(')')) throw new ConditionProblem('missing ")" in condition', this.#offset());
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new ConditionProblem('condition ends where a tag was expected', this.#end);
    if (!token.quoted && this.#isQuantifier(token.text)) {
      this.#at += 2;
      return { kind: token.text.toLowerCase() === 'all' ? 'and' : 'or', items: anyTags(this.#tags) };
    }
    return this.#tag(token);
  }

  #isQuantifier(text: string): boolean {
    const [of, them] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    return /^(all|1|any)$/i.test(text) && of?.text === 'of' && them?.text === 'them';
  }

  #tag(token: Token): TagCondition {
    const exact = this.#tags.indexOf(token.text);
    if (exact >= 0) return { kind: 'tag', tag: exact, from: 'any' };
    const dot = token.text.indexOf('.');
    const prefix = token.text.slice(0, Math.max(0, dot));
    const from = Object.hasOwn(PREFIXES, prefix) ? PREFIXES[prefix] : undefined;
    const tag = this.#tags.indexOf(token.text.slice(dot + 1));
    if (from !== undefined && tag >= 0) {
      if (PREFIXES_OF[this.#action]?.includes(prefix)) return { kind: 'tag', tag, from };
      throw new ConditionProblem(`"${prefix}." means nothing in a rule with action ${this.#action}`, token.offset);
    }
    throw new ConditionProblem(
      `condition names unknown tag "${token.text}"${suggestion(token.text, this.#tags)}`,
      token.offset,
    );
  }

  #takes(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.quoted || token.text.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #offset(): number {
    return this.#tokens[this.#at]?.offset ?? this.#end;
  }
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(/"([^"]*)"|[()]|[^\s()"]+/g)].map((match) => ({
    text: match[1] ?? match[0],
    offset: match.index,
    quoted: match[1] !== undefined,
  }));
}
