/**
 * Boolean expressions over names: rule conditions, text conditions of correlations, and the `…_cond_expr` of pipelines share
 * this tokenizer and recursive-descent parser. Keywords are whole words, so `notes` and `android` are names. Precedence
 * (loosest first): or, and, not; `1 of`, `any of`, `all of` bind to the target after them. sigma.md section 7.
 */

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly kind: 'not'; readonly item: Expression }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'of'; readonly quantifier: 'any' | 'all'; readonly target: string; readonly at: number };

export interface ExpressionProblem {
  readonly message: string;
  /** Offset in the text, and how many characters it is about. */
  readonly at: number;
  readonly length: number;
  readonly hint?: string;
}

export interface ParsedExpression {
  readonly root?: Expression;
  readonly problem?: ExpressionProblem;
  /** Keywords in upper or mixed case: tolerated, reported. */
  readonly oddCase: readonly { readonly word: string; readonly at: number }[];
}

interface Token {
  readonly kind: 'word' | '(' | ')' | 'other';
  readonly text: string;
  readonly at: number;
}

/** Longest expression and deepest nesting; more is refused, so that a hostile rule cannot exhaust the stack. */
const MAX_TOKENS = 10_000;
const MAX_DEPTH = 200;

class Refusal extends Error {
  readonly problem: ExpressionProblem;
  constructor(problem: ExpressionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

export function parseExpression(text: string, allowSelectors: boolean): ParsedExpression {
  const parser = new Parser(text, allowSelectors);
  try {
    return { root: parser.parse(), oddCase: parser.oddCase };
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.problem, oddCase: parser.oddCase };
    throw error;
  }
}

class Parser {
  readonly oddCase: { word: string; at: number }[] = [];
  readonly #text: string;
  readonly #allowSelectors: boolean;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string, allowSelectors: boolean) {
    this.#text = text;
    this.#allowSelectors = allowSelectors;
    this.#tokens = tokenize(text);
  }

  parse(): Expression {
    if (this.#tokens.length === 0) this.#refuse('condition is empty', undefined, 'name at least one search identifier');
    if (this.#tokens.length > MAX_TOKENS) this.#refuse('condition has too many words', this.#tokens[MAX_TOKENS]);
    const root = this.#or();
    const extra = this.#peek();
    if (extra !== undefined) {
      if (extra.text === ')') this.#refuse('")" without "("', extra);
      this.#refuse(`"${extra.text}" follows without an operator`, extra, 'put "and" or "or" between the two');
    }
    return root;
  }

  #or(): Expression {
    return this.#join('or', () => this.#join('and', () => this.#not()));
  }

  #join(kind: 'and' | 'or', operand: () => Expression): Expression {
    const items = [operand()];
    while (this.#takeKeyword(kind)) items.push(operand());
    return items.length === 1 ? (items[0] as Expression) : { kind, items };
  }

  #not(): Expression {
    let negated = false;
    while (this.#takeKeyword('not')) negated = !negated;
    const item = this.#primary();
    return negated ? { kind: 'not', item } : item;
  }

  #primary(): Expression {
    const token = this.#peek();
    if (token === undefined) return this.#refuse('condition ends where a name is expected', undefined);
    if (token.kind === '(') {
      this.#next++;
      if (++this.#depth > MAX_DEPTH) this.#refuse('condition is nested too deeply', token);
      const inner = this.#or();
      const close = this.#peek();
      if (close?.kind !== ')') this.#refuse('"(" is never closed', close ?? token);
      this.#next++;
      this.#depth--;
      return inner;
    }
    if (token.kind !== 'word') return this.#refuse(`"${token.text}" is not expected here`, token);
    const keyword = keywordOf(token);
    if (keyword !== undefined && ['and', 'or'].includes(keyword))
      this.#refuse(`"${token.text}" has nothing on its left`, token);
    this.#next++;
    if (this.#allowSelectors && this.#atKeyword('of')) return this.#selector(token);
    if (this.#allowSelectors && keyword === 'them')
      this.#refuse('"them" needs a quantifier', token, 'write "1 of them" or "all of them"');
    if (token.text.includes('*'))
      this.#refuse(`pattern "${token.text}" needs a quantifier`, token, `write "1 of ${token.text}"`);
    return { kind: 'name', name: token.text, at: token.at };
  }

  #selector(quantifier: Token): Expression {
    this.#takeKeyword('of');
    const word = quantifier.text.toLowerCase();
    if (!['1', 'any', 'all'].includes(word))
      this.#refuse(`quantifier "${quantifier.text}" is not defined`, quantifier, 'use "1 of", "any of" or "all of"');
    const target = this.#peek();
    if (target?.kind !== 'word') return this.#refuse('"of" needs a pattern or "them" after it', target ?? quantifier);
    this.#next++;
    const name = target.text.toLowerCase() === 'them' ? 'them' : target.text;
    return { kind: 'of', quantifier: word === 'all' ? 'all' : 'any', target: name, at: target.at };
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #atKeyword(keyword: string): boolean {
    const token = this.#peek();
    return token !== undefined && keywordOf(token) === keyword;
  }

  #takeKeyword(keyword: string): boolean {
    if (!this.#atKeyword(keyword)) return false;
    const token = this.#peek() as Token;
    if (token.text !== keyword) this.oddCase.push({ word: token.text, at: token.at });
    this.#next++;
    return true;
  }

  #refuse(message: string, token: Token | undefined, hint?: string): never {
    throw new Refusal({
      message,
      at: token?.at ?? this.#text.length,
      length: token?.text.length ?? 1,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function keywordOf(token: Token): string | undefined {
  const lower = token.kind === 'word' ? token.text.toLowerCase() : '';
  return ['and', 'or', 'not', 'of', 'them'].includes(lower) ? lower : undefined;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[()]|[\p{L}\p{N}_*.-]+|[^\s()]/gu)) {
    const [piece] = match;
    const kind = piece === '(' || piece === ')' ? piece : /^[\p{L}\p{N}_*.-]/u.test(piece) ? 'word' : 'other';
    tokens.push({ kind, text: piece, at: match.index });
  }
  return tokens;
}
