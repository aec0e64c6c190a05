/** A pattern as text that parses back to the same tree: what explanations show and the round-trip test compares. */
import { isStixTimestamp } from '../../core/stix-timestamp.ts';
import type { Comparison, ComparisonTest, Observation, PatternLiteral, PatternPath, Qualifier } from './ast.ts';
import { KEYWORDS } from './lexer.ts';

export function printPattern(root: Observation): string {
  if (root.kind === 'bracket') return `[${printComparison(root.test)}]`;
  if (root.kind === 'qualified') {
    const item = printPattern(root.item);
    return `${root.grouped === true ? `(${item})` : item} ${printQualifier(root.qualifier)}`;
  }
  const operator = { 'observation-and': 'AND', 'observation-or': 'OR', followedby: 'FOLLOWEDBY' }[root.kind];
  const isJoin = (item: Observation): boolean => item.kind !== 'bracket' && item.kind !== 'qualified';
  return root.items
    .map((item) => (isJoin(item) ? `(${printPattern(item)})` : printPattern(item)))
    .join(` ${operator} `);
}

function printComparison(test: Comparison): string {
  if (test.kind === 'test') return printTest(test);
  const operator = test.kind === 'and' ? ' AND ' : ' OR ';
  return test.items
    .map((item) => (item.kind === 'test' ? printTest(item) : `(${printComparison(item)})`))
    .join(operator);
}

/** One comparison expression, as alerts name it: `file:name = 'a.exe'`. */
export function printTest(test: ComparisonTest): string {
  const not = test.negated ? 'NOT ' : '';
  if (test.operator === 'EXISTS') return `${not}EXISTS ${printPath(test.path)}`;
  const operands = test.operands.map(printLiteral).join(', ');
  return `${printPath(test.path)} ${not}${test.operator} ${test.operator === 'IN' ? `(${operands})` : operands}`;
}

function printPath(path: PatternPath): string {
  return path.steps.reduce((text, step, i) => {
    if (step.kind === 'any') return `${text}[*]`;
    if (step.kind === 'index') return `${text}[${step.index}]`;
    return `${text}${i === 0 ? ':' : '.'}${printKey(step.name)}`;
  }, path.type);
}

function printKey(name: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.has(name) && name !== 'true' && name !== 'false';
  return isPlain ? name : printText(name);
}

export function printLiteral(literal: PatternLiteral): string {
  switch (literal.type) {
    case 'string':
      return printText(literal.value);
    case 'integer':
      return printNumber(literal.value);
    case 'boolean':
      return String(literal.value);
    case 'float':
      return printFloat(literal.value);
    case 'hex':
      return `h'${literal.hex}'`;
    case 'binary':
      return `b'${Buffer.from(literal.hex, 'hex').toString('base64')}'`;
    case 'timestamp':
      return `t'${literal.text}'`;
  }
}

/** The grammar knows no exponent, and a float is known by its point. */
function printFloat(value: number): string {
  const text = printNumber(value);
  return text.includes('.') ? text : `${text}.0`;
}

function printNumber(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  if (Math.abs(value) > 1) return BigInt(value).toString();
  const [mantissa = '', exponent] = text.replace(/^-/, '').split('e-');
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${mantissa.replace('.', '')}`;
}

function printText(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

function printQualifier(qualifier: Qualifier): string {
  if (qualifier.kind === 'within') return `WITHIN ${printFloat(qualifier.seconds)} SECONDS`;
  if (qualifier.kind === 'repeats') return `REPEATS ${qualifier.times} TIMES`;
  const bound = (text: string): string => (isStixTimestamp(text) ? `t'${text}'` : printText(text));
  return `START ${bound(qualifier.start)} STOP ${bound(qualifier.stop)}`;
}
