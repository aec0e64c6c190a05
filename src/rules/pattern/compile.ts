/**
 * STIX pattern to the IR. A bracket becomes one Bind for each object type it names, joined by OR; inside the Bind of a type the
 * comparisons of other types are false, because AND means the same root object (stix-patterns.md section 6). What the
 * grammar allows and evaluation refuses (mixed sets, zero qualifiers, impossible dates, bad expressions) is refused here.
 */
import { parseNetwork } from '../../core/ip-address.ts';
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { and, FALSE, not, or } from '../../ir/build.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import type { Literal, OrderOperator, Predicate, Regex, Test } from '../../ir/predicate.ts';
import type {
  Comparison,
  ComparisonTest,
  Observation,
  ObservationJoin,
  ParsedPattern,
  PatternLiteral,
  Qualified,
} from './ast.ts';
import { likeToGlob } from './like.ts';
import { type Normalization, normalPath, normalTest } from './normalize.ts';
import { translatePcre } from './pcre.ts';
import { printTest } from './print.ts';
import { comparisonTests } from './walk.ts';

export interface CompileOptions {
  /** Why the matcher cannot run an expression, undefined when it can (`regexProblem` of `match/`). */
  readonly regexProblem: (regex: Regex) => string | undefined;
  /** For log events: paths and values as feeds write them are brought into the form of the mappings (`normalize.ts`). */
  readonly normalize?: boolean;
  readonly file?: string;
}

export type CompileResult =
  | { readonly ok: true; readonly plan: ObservationPlan; readonly notes: readonly Normalization[] }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

export function compilePattern(pattern: ParsedPattern, options: CompileOptions): CompileResult {
  const compiler: Compiler = { options, text: pattern.text, brackets: 0, notes: new Set() };
  try {
    const plan = compileObservation(compiler, pattern.root);
    return { ok: true, plan, notes: [...compiler.notes] };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, diagnostic: error.diagnostic };
    throw error;
  }
}

interface Compiler {
  readonly options: CompileOptions;
  readonly text: string;
  readonly notes: Set<Normalization>;
  brackets: number;
}

/** Carries the first refusal out of the nested compilation; never leaves this file. */
class Refusal extends Error {
  readonly diagnostic: Diagnostic;

  constructor(compiler: Compiler, code: ErrorCode, at: number, message: string) {
    super(message);
    const before = compiler.text.slice(0, at).split('\n');
    this.diagnostic = diagnostic(code, 'error', message, {
      span: {
        file: compiler.options.file ?? 'pattern',
        line: before.length,
        column: (before.at(-1) ?? '').length + 1,
        sourceLine: compiler.text.split('\n')[before.length - 1] ?? '',
      },
    });
  }
}

const JOINS = { 'observation-and': 'all', 'observation-or': 'any', followedby: 'followed-by' } as const satisfies {
  readonly [K in ObservationJoin['kind']]: ObservationPlan['kind'];
};

function compileObservation(compiler: Compiler, node: Observation): ObservationPlan {
  if (node.kind === 'bracket') {
    const bracket = compiler.brackets++;
    return Object.freeze({ kind: 'observed', predicate: compileBracket(compiler, node.test), bracket });
  }
  if (node.kind === 'qualified') return Object.freeze(compileQualified(compiler, node));
  const items = Object.freeze(node.items.map((item) => compileObservation(compiler, item)));
  return Object.freeze({ kind: JOINS[node.kind], items });
}

function compileQualified(compiler: Compiler, { item: operand, qualifier }: Qualified): ObservationPlan {
  const item = compileObservation(compiler, operand);
  if (qualifier.kind === 'within') {
    const durationNs = BigInt(Math.round(qualifier.seconds * 1e9));
    if (qualifier.seconds > 0 && Number.isFinite(qualifier.seconds))
      return { kind: 'within', item, durationNs: (durationNs === 0n ? 1n : durationNs).toString() };
    throw new Refusal(
      compiler,
      'PATTERN_BAD_QUALIFIER',
      qualifier.at,
      `WITHIN ${qualifier.seconds} SECONDS can never hold`,
    );
  }
  if (qualifier.kind === 'repeats') {
    if (qualifier.times > 0) return { kind: 'repeats', item, times: qualifier.times };
    throw new Refusal(compiler, 'PATTERN_BAD_QUALIFIER', qualifier.at, 'REPEATS 0 TIMES asks for nothing');
  }
  const bounds = [qualifier.start, qualifier.stop].map((text) => {
    const instant = parseStixTimestamp(text);
    if (instant !== undefined) return instant.toString();
    throw new Refusal(compiler, 'PATTERN_BAD_QUALIFIER', qualifier.at, `"${text}" in START STOP is no timestamp`);
  });
  return { kind: 'start-stop', item, startNs: bounds[0] as string, stopNs: bounds[1] as string };
}

interface CompiledTest {
  readonly type: string;
  readonly predicate: Predicate;
}

function compileBracket(compiler: Compiler, comparison: Comparison): Predicate {
  const compiled = new Map<ComparisonTest, CompiledTest>();
  for (const test of comparisonTests(comparison)) compiled.set(test, compileTest(compiler, test));
  const types = new Set([...compiled.values()].map(({ type }) => type));
  return or(
    [...types].map((type) => {
      const body = bodyFor(type, comparison, compiled);
      return body === FALSE ? FALSE : Object.freeze({ kind: 'bind', type, body });
    }),
  );
}

function bodyFor(type: string, node: Comparison, compiled: ReadonlyMap<ComparisonTest, CompiledTest>): Predicate {
  if (node.kind === 'test') {
    const test = compiled.get(node);
    return test?.type === type ? test.predicate : FALSE;
  }
  const items = node.items.map((item) => bodyFor(type, item, compiled));
  return node.kind === 'and' ? and(items) : or(items);
}

function compileTest(compiler: Compiler, node: ComparisonTest): CompiledTest {
  // `!=` is "not equal" for each value, and NOT turns it once more.
  const negate = node.operator === '!=' ? !node.negated : node.negated;
  const { normalize } = compiler.options;
  const { type, steps } = normalize === true ? normalPath(node.path, compiler.notes) : node.path;
  const written = testOf(compiler, node);
  const test = Object.freeze(normalize === true ? normalTest({ type, steps }, written, compiler.notes) : written);
  const path = Object.freeze({ kind: 'object', steps } as const);
  const label = printTest(node);
  if (test.kind === 'exists') {
    const exists = Object.freeze({ kind: 'compare', path, test, negate: false, absent: false, label } as const);
    return { type, predicate: negate ? not(exists) : exists };
  }
  return { type, predicate: Object.freeze({ kind: 'compare', path, test, negate, absent: false, label }) };
}

const ORDERS: Readonly<Record<string, OrderOperator>> = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' };

function testOf(compiler: Compiler, node: ComparisonTest): Test {
  const literals = node.operands.map((operand) => literalOf(compiler, node, operand));
  const [value] = literals;
  const text = value?.type === 'string' ? value.value : '';
  switch (node.operator) {
    case 'EXISTS':
      return { kind: 'exists' };
    case 'IN':
      refuseMixedSet(compiler, node);
      return { kind: 'in', values: literals, collation: 'exact', typing: 'strict' };
    case '=':
    case '!=':
      return { kind: 'equals', value: value as Literal, collation: 'exact', typing: 'strict' };
    case 'LIKE':
      return likeToGlob(text);
    case 'MATCHES':
      return regexOf(compiler, node, text);
    case 'ISSUBSET':
    case 'ISSUPERSET': {
      if (parseNetwork(text) === undefined)
        throw new Refusal(
          compiler,
          'PATTERN_BAD_NETWORK',
          node.at,
          `"${text}" after ${node.operator} is no address or network`,
        );
      return { kind: 'network', relation: node.operator === 'ISSUBSET' ? 'subset' : 'superset', network: text };
    }
    default:
      return {
        kind: 'order',
        operator: ORDERS[node.operator] as OrderOperator,
        value: value as Literal,
        typing: 'strict',
      };
  }
}

function literalOf(compiler: Compiler, node: ComparisonTest, literal: PatternLiteral): Literal {
  switch (literal.type) {
    case 'string':
    case 'boolean':
      return literal;
    case 'integer':
    case 'float':
      return { type: 'number', value: literal.value };
    case 'hex':
    case 'binary':
      return { type: 'bytes', hex: literal.hex };
    case 'timestamp': {
      const instant = parseStixTimestamp(literal.text);
      if (instant !== undefined) return { type: 'timestamp', epochNs: instant.toString() };
      throw new Refusal(compiler, 'PATTERN_BAD_TIMESTAMP', node.at, `there is no day "${literal.text.slice(0, 10)}"`);
    }
  }
}

const SET_TYPES: { readonly [K in PatternLiteral['type']]: string } = {
  string: 'string',
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
  hex: 'bytes',
  binary: 'bytes',
  timestamp: 'timestamp',
};

function refuseMixedSet(compiler: Compiler, node: ComparisonTest): void {
  const types = new Set(node.operands.map((operand) => SET_TYPES[operand.type]));
  if (types.size > 1)
    throw new Refusal(
      compiler,
      'PATTERN_MIXED_SET',
      node.at,
      `a set of ${[...types].join(' and ')}: ${printTest(node)}`,
    );
}

function regexOf(compiler: Compiler, node: ComparisonTest, pattern: string): Regex {
  const translated = translatePcre(pattern.normalize('NFC'));
  if (!translated.ok)
    throw new Refusal(compiler, 'PATTERN_BAD_REGEX', node.at, `"${pattern}" uses ${translated.feature}`);
  const regex: Regex = Object.freeze({
    kind: 'regex',
    source: translated.source,
    flags: { ignoreCase: false, multiline: false, dotAll: true },
    typing: 'strict',
    normalize: 'nfc',
  });
  const problem = compiler.options.regexProblem(regex);
  if (problem === undefined) return regex;
  throw new Refusal(compiler, 'PATTERN_BAD_REGEX', node.at, `"${pattern}" is refused: ${problem}`);
}
