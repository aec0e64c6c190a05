/**
 * Which patterns one scan decides: those that hold as soon as one of a few single values is seen. They become plain indicators;
 * all others are returned with the reason, for the pattern engine. All or nothing: a pattern is never split between the two,
 * so that it never alerts twice.
 *
 * Never atomic: negation, order, wildcards, regular expressions, a conjunction over two values, anything across observations.
 * The two conjunctions that do name one value are a flow's side (`dst_ref.type` with `dst_ref.value`) and its port with it.
 */
import type { IndicatorKind, Semantics } from '../../core/indicator.ts';
import { formatEndpoint, type IndicatorValue, indicatorValue, type ValueNote } from '../../core/indicator-value.ts';
import type { Comparison, ComparisonJoin, ComparisonTest, Observation, PatternLiteral } from '../pattern/ast.ts';
import { type PathMeaning, pathMeaning } from './path-kinds.ts';

/** Why a pattern is not decided by one value. Closed set: counters are labelled with it. */
export const DEFER_REASONS = [
  'several-values',
  'several-observations',
  'qualifier',
  'negation',
  'order',
  'like',
  'regex',
  'superset',
  'exists',
  'port-only',
  'type-only',
  'vague-property',
  'no-text',
  'odd-value',
] as const;
export type DeferReason = (typeof DEFER_REASONS)[number];

export type AtomicNote = ValueNote | 'pseudo-type' | 'text-port' | 'network-by-equals' | 'odd-hash' | 'url-as-text';

export interface AtomicValue {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
}

export type Extraction =
  | { readonly ok: true; readonly values: readonly AtomicValue[]; readonly notes: readonly AtomicNote[] }
  | { readonly ok: false; readonly reason: DeferReason };

/** Most values that one pattern may be spread into (ports times addresses). */
const MAX_VALUES = 100_000;

class Deferred extends Error {
  readonly reason: DeferReason;

  constructor(reason: DeferReason) {
    super(reason);
    this.reason = reason;
  }
}

interface Collector {
  readonly values: AtomicValue[];
  readonly notes: Set<AtomicNote>;
}

export function atomicValues(root: Observation): Extraction {
  const collector: Collector = { values: [], notes: new Set() };
  try {
    collectObservation(root, collector);
  } catch (error) {
    // Carries the first reason out of the nested tree; anything else is a bug.
    if (error instanceof Deferred) return { ok: false, reason: error.reason };
    throw error;
  }
  return { ok: true, values: collector.values, notes: [...collector.notes] };
}

function collectObservation(node: Observation, into: Collector): void {
  if (node.kind === 'bracket') collectComparison(node.test, into);
  else if (node.kind === 'observation-or') for (const item of node.items) collectObservation(item, into);
  else throw new Deferred(node.kind === 'qualified' ? 'qualifier' : 'several-observations');
}

function collectComparison(node: Comparison, into: Collector): void {
  if (node.kind === 'test') collectTest(node, into);
  else if (node.kind === 'and') collectConjunction(node, into);
  else for (const item of node.items) collectComparison(item, into);
}

function collectTest(test: ComparisonTest, into: Collector): void {
  const meaning = pathMeaning(test.path);
  refuseOperator(test);
  if (meaning.is === 'port') throw new Deferred('port-only');
  if (meaning.is === 'type') throw new Deferred('type-only');
  if (meaning.is === 'vague') throw new Deferred('vague-property');
  for (const literal of test.operands) addValue(meaning, literal, test.operator === 'ISSUBSET', into);
}

/** A flow's side and nothing else: its type, its value, its port. Alternatives of one path count as one part. */
function collectConjunction(node: ComparisonJoin, into: Collector): void {
  const parts = node.items.map(conjunctionPart);
  const sides = new Set(parts.map((part) => part.side));
  const [valuePart, ...otherValues] = parts.filter((part) => part.is === 'kind');
  const [portPart, ...otherPorts] = parts.filter((part) => part.is === 'port');
  if (sides.size !== 1 || otherValues.length > 0 || otherPorts.length > 0) throw new Deferred('several-values');
  if (valuePart === undefined) throw new Deferred(portPart === undefined ? 'type-only' : 'port-only');
  const types = parts.filter((part) => part.is === 'type').map((part) => part.texts);
  const flow: Collector = { values: [], notes: into.notes };
  for (const literal of valuePart.literals)
    addValue({ is: 'kind', kind: kindOfType(types[0]?.[0]), side: valuePart.side }, literal, valuePart.isSubset, flow);
  if (!flow.values.every((value) => types.every((allowed) => allowed.some((type) => typeAgrees(type, value)))))
    throw new Deferred('odd-value');
  if (portPart === undefined) for (const value of flow.values) push(value, into);
  else
    for (const value of flow.values)
      for (const port of portPart.literals) push(endpointOf(value, portNumber(port, into)), into);
}

interface ConjunctionPart {
  readonly is: 'kind' | 'port' | 'type';
  readonly side: string;
  readonly literals: readonly PatternLiteral[];
  readonly texts: readonly string[];
  readonly isSubset: boolean;
}

function conjunctionPart(node: Comparison): ConjunctionPart {
  if (node.kind === 'and') throw new Deferred('several-values');
  if (node.kind !== 'test') {
    const [first, ...rest] = node.items.map(conjunctionPart);
    if (first === undefined || rest.some((part) => part.is !== first.is || part.side !== first.side || part.isSubset))
      throw new Deferred('several-values');
    const literals = [first, ...rest].flatMap((part) => part.literals);
    return { ...first, literals, texts: literals.flatMap(textOf) };
  }
  refuseOperator(node);
  const meaning = pathMeaning(node.path);
  const side = meaning.is === 'vague' ? undefined : meaning.side;
  if (meaning.is === 'vague' || side === undefined) throw new Deferred('several-values');
  return {
    is: meaning.is,
    side,
    literals: node.operands,
    texts: node.operands.flatMap(textOf),
    isSubset: node.operator === 'ISSUBSET',
  };
}

const OPERATOR_REASONS: Readonly<Partial<Record<ComparisonTest['operator'], DeferReason>>> = {
  '!=': 'negation',
  '<': 'order',
  '<=': 'order',
  '>': 'order',
  '>=': 'order',
  MATCHES: 'regex',
  ISSUPERSET: 'superset',
  EXISTS: 'exists',
};

function refuseOperator(test: ComparisonTest): void {
  if (test.negated) throw new Deferred('negation');
  const reason = OPERATOR_REASONS[test.operator];
  if (reason !== undefined) throw new Deferred(reason);
  // LIKE without wildcards is an equality.
  if (test.operator === 'LIKE' && test.operands.flatMap(textOf).some((text) => /[%_]/.test(text)))
    throw new Deferred('like');
}

function addValue(
  meaning: PathMeaning & { is: 'kind' },
  literal: PatternLiteral,
  isSubset: boolean,
  into: Collector,
): void {
  if (literal.type !== 'string') throw new Deferred('no-text');
  const read = readValue(meaning.kind, literal.value, into);
  if (read === undefined) throw new Deferred('odd-value');
  if (isSubset && read.kind !== 'network' && read.kind !== 'ipv4' && read.kind !== 'ipv6')
    throw new Deferred('odd-value');
  if (meaning.pseudo === true) into.notes.add('pseudo-type');
  if (read.kind === 'text' && MAC.test(read.value)) {
    for (const value of spellingsOfMac(read.value)) push({ kind: 'text', value, semantics: 'exact' }, into);
    return;
  }
  // A flow's side may hold a name or an address, so neither is another kind than expected.
  for (const note of read.notes) if (note !== 'other-kind' || meaning.side === undefined) into.notes.add(note);
  if (read.kind === 'network' && !isSubset) into.notes.add('network-by-equals');
  push({ kind: read.kind, value: read.value, semantics: read.includesSubdomains ? 'subdomain' : 'exact' }, into);
}

const MAC = /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** As logs write them: with colons, hyphens or in groups of four, in either case. */
function spellingsOfMac(text: string): readonly string[] {
  const pairs = text.toLowerCase().split(/[:-]/);
  const grouped = pairs.join('').replace(/(.{4})(?=.)/g, '$1.');
  const spellings = [pairs.join(':'), pairs.join('-'), grouped];
  return [...new Set([...spellings, ...spellings.map((one) => one.toUpperCase())])];
}

function readValue(kind: IndicatorKind, text: string, into: Collector): IndicatorValue | undefined {
  const read = indicatorValue(kind, text);
  if (read !== undefined) return read;
  // Fuzzy hashes, a URL that is only a path, an address with unusual letters: compared as whole texts.
  if (kind !== 'hash' && kind !== 'url' && kind !== 'email') return undefined;
  const whole = indicatorValue('text', text);
  if (whole !== undefined) into.notes.add(kind === 'hash' ? 'odd-hash' : 'url-as-text');
  return whole;
}

function push(value: AtomicValue, into: Collector): void {
  if (into.values.length >= MAX_VALUES) throw new Deferred('several-values');
  into.values.push(value);
}

function endpointOf(host: AtomicValue, port: number): AtomicValue {
  const value = isHost(host.kind) && host.semantics === 'exact' ? formatEndpoint(host.value, port) : undefined;
  if (value === undefined) throw new Deferred('several-values');
  return { kind: 'endpoint', value, semantics: 'exact' };
}

function portNumber(literal: PatternLiteral, into: Collector): number {
  if (literal.type === 'integer' && literal.value >= 1 && literal.value <= 65_535) return literal.value;
  if (literal.type !== 'string' || !/^\s*\d{1,5}\s*$/.test(literal.value)) throw new Deferred('odd-value');
  into.notes.add('text-port');
  return Number(literal.value);
}

function textOf(literal: PatternLiteral): string[] {
  return literal.type === 'string' ? [literal.value] : [];
}

const KINDS_OF_TYPES: Readonly<Record<string, readonly IndicatorKind[]>> = {
  'domain-name': ['domain'],
  'ipv4-addr': ['ipv4', 'network'],
  'ipv6-addr': ['ipv6', 'ipv4', 'network'],
  'mac-addr': ['text'],
};

function kindsOfType(type: string): readonly IndicatorKind[] {
  const name = type.toLowerCase();
  return Object.hasOwn(KINDS_OF_TYPES, name) ? (KINDS_OF_TYPES[name] ?? []) : [];
}

function kindOfType(type: string | undefined): IndicatorKind {
  return (type === undefined ? undefined : kindsOfType(type)[0]) ?? 'domain';
}

/** `dst_ref.type = 'domain-name'` with an address as value never holds, by the letter; the pattern engine answers that. */
function typeAgrees(type: string, value: AtomicValue): boolean {
  return kindsOfType(type).includes(value.kind);
}

function isHost(kind: IndicatorKind): boolean {
  return kind === 'domain' || kind === 'ipv4' || kind === 'ipv6';
}
