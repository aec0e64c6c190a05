/**
 * What the one grammar for both versions allows and a strict validator refuses (stix-patterns.md sections 2 and 10): hash constants that
 * their algorithm cannot produce, the same qualifier twice directly on one bracket (2.1), and EXISTS in 2.0, which does not have it. What
 * stands in parentheses may be qualified twice, as the validator of OASIS has it. Evaluation accepts all of them.
 */
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import type { ComparisonTest, Observation, ParsedPattern } from './ast.ts';
import { printLiteral, printTest } from './print.ts';
import { patternTests } from './walk.ts';

/** Algorithm, upper case and without hyphens, to the form of its values. */
const HASH_FORMS: ReadonlyMap<string, RegExp> = new Map([
  ...['MD5', 'RIPEMD128'].map((name) => [name, hexForm(32)] as const),
  ...['SHA1', 'RIPEMD160'].map((name) => [name, hexForm(40)] as const),
  ...['SHA224', 'SHA3224'].map((name) => [name, hexForm(56)] as const),
  ...['SHA256', 'SHA3256'].map((name) => [name, hexForm(64)] as const),
  ...['SHA384', 'SHA3384'].map((name) => [name, hexForm(96)] as const),
  ...['SHA512', 'SHA3512', 'WHIRLPOOL'].map((name) => [name, hexForm(128)] as const),
  ['MD6', /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$/],
  ['SSDEEP', /^[A-Za-z0-9/+:.]{1,128}$/],
  ['TLSH', /^(?:T1)?[0-9a-fA-F]{70}$/],
]);

export function validatePattern(pattern: ParsedPattern, spec: '2.0' | '2.1'): readonly Diagnostic[] {
  const tests = patternTests(pattern.root);
  const findings = tests.flatMap((test) => hashFinding(test) ?? []);
  if (spec === '2.1') return [...findings, ...duplicateQualifiers(pattern.root)];
  return [...findings, ...tests.flatMap((test) => existsFinding(test) ?? [])];
}

const WHOLE_VALUE: ReadonlySet<string> = new Set(['=', '!=', 'IN']);

function hashFinding(test: ComparisonTest): Diagnostic | undefined {
  const keys = test.path.steps.flatMap((step) => (step.kind === 'key' ? [step.name] : []));
  const form = HASH_FORMS.get((keys.at(-1) ?? '').replaceAll('-', '').toUpperCase());
  if (form === undefined || !WHOLE_VALUE.has(test.operator) || !keys.includes('hashes')) return undefined;
  const wrong = test.operands.find((one) => one.type !== 'string' || !form.test(one.value));
  if (wrong === undefined) return undefined;
  return diagnostic(
    'PATTERN_BAD_HASH',
    'error',
    `${printLiteral(wrong)} is no ${keys.at(-1)} value, in ${printTest(test)}`,
  );
}

function existsFinding(test: ComparisonTest): Diagnostic | undefined {
  if (test.operator !== 'EXISTS') return undefined;
  return diagnostic('PATTERN_NEWER_OPERATOR', 'error', `STIX 2.0 has no EXISTS: ${printTest(test)}`);
}

function duplicateQualifiers(node: Observation): Diagnostic[] {
  if (node.kind === 'bracket') return [];
  if (node.kind !== 'qualified') return node.items.flatMap(duplicateQualifiers);
  const seen = new Set<string>();
  const findings: Diagnostic[] = [];
  let inner: Observation = node;
  while (inner.kind === 'qualified') {
    const { kind } = inner.qualifier;
    if (seen.has(kind)) {
      const name = kind === 'start-stop' ? 'START STOP' : kind.toUpperCase();
      findings.push(diagnostic('PATTERN_DUPLICATE_QUALIFIER', 'error', `${name} stands twice on one expression`));
    }
    seen.add(kind);
    // What stands outside of parentheses qualifies no bracket.
    if (inner.grouped === true) return duplicateQualifiers(inner.item);
    inner = inner.item;
  }
  return findings;
}

function hexForm(digits: number): RegExp {
  return new RegExp(`^[0-9a-fA-F]{${digits}}$`);
}
