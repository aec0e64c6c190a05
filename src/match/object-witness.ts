/**
 * Witnesses of predicates over STIX objects (design section 2): literals of which at least one must stand, in either case, in the
 * raw text of every event that satisfies the predicate. Only values that come from the record as they are give any, and
 * only runs of at least three characters of `[a-z0-9._-]`. The clause with the longest literals is taken of a conjunction.
 */
import { formatIp, parseIp } from '../core/ip-address.ts';
import { lowerAscii } from '../core/domain-name.ts';
import { parseUrl } from '../core/web-url.ts';
import type { Compare, Literal, ObjectStep, Predicate, Test } from '../ir/predicate.ts';
import type { OriginsOf, ValueOrigin } from '../ir/value-origin.ts';

/** One of these must occur, lower case; empty: the predicate can never hold for an event; undefined: nothing is known. */
export type WitnessClause = readonly string[] | undefined;

const MIN_LENGTH = 3;
/** A clause of more literals is no filter any more. */
const MAX_LITERALS = 10_000;

export function witnessClause(predicate: Predicate, origins: OriginsOf): WitnessClause {
  return clauseOf(predicate, undefined, origins);
}

function clauseOf(node: Predicate, type: string | undefined, origins: OriginsOf): WitnessClause {
  switch (node.kind) {
    case 'constant':
      return node.value ? undefined : [];
    case 'and':
      return node.items.map((item) => clauseOf(item, type, origins)).reduce(better, undefined);
    case 'or':
      return joined(node.items.map((item) => clauseOf(item, type, origins)));
    case 'bind':
      return clauseOf(node.body, node.type, origins);
    case 'compare':
      return type === undefined || node.path.kind !== 'object'
        ? undefined
        : compareClause(node, node.path.steps, type, origins);
    default:
      return undefined;
  }
}

function compareClause(node: Compare, steps: readonly ObjectStep[], type: string, origins: OriginsOf): WitnessClause {
  const keys = steps.flatMap((step) => (step.kind === 'key' ? [step.name] : []));
  const last = keys.at(-1) ?? '';
  const from = origins(type, keys);
  // Comparing an object is possible too: `dst_ref NOT = 'x'` holds for every one.
  if (from.size === 0)
    return last.endsWith('_ref') || last.endsWith('_refs') || node.test.kind === 'exists' ? undefined : [];
  if (node.negate || from.has('derived') || last.endsWith('_hex') || last.endsWith('_bin')) return undefined;
  const clauses = [...from].map((origin) => testClause(node.test, origin));
  return joined(clauses);
}

function testClause(test: Test, origin: ValueOrigin): WitnessClause {
  if (test.kind === 'equals') return literalClause(test.value, origin);
  if (test.kind === 'in') return joined(test.values.map((value) => literalClause(value, origin)));
  if (test.kind !== 'glob') return undefined;
  // NFC makes a K of the Kelvin sign, so a k need not stand in the record.
  const texts = test.parts.map((part) => ('text' in part ? part.text.replaceAll(/k/gi, ' ') : ' '));
  if (origin === 'url') {
    // Only what stands before the path is the same in both spellings.
    const host = /^https?:\/\/([^/\s:@?#]*)/i.exec(texts.join(''))?.[1];
    return host === undefined ? undefined : longestRun(host);
  }
  if (origin === 'host') return texts.some((text) => /:|xn--|\d$/i.test(text)) ? undefined : longestRun(texts.join(''));
  return origin === 'registry-key' ? registryClause(texts.join('')) : longestRun(texts.join(''));
}

function literalClause(literal: Literal, origin: ValueOrigin): WitnessClause {
  if (literal.type !== 'string') return undefined;
  if (origin === 'host') return hostClause(literal.value);
  if (origin === 'url') {
    const host = parseUrl(literal.value)?.host;
    return host === undefined ? undefined : hostClause(host);
  }
  return origin === 'registry-key' ? registryClause(literal.value) : longestRun(literal.value);
}

/** An IPv4 address may also be written as a mapped IPv6 address in hex, a label in ASCII form may stand in Unicode. */
function hostClause(host: string): WitnessClause {
  const address = parseIp(host);
  if (address !== undefined) return address.family === 4 ? [formatIp(address), 'ffff'] : undefined;
  return longestRun(host.replaceAll(/xn--[^.]*/gi, ' '));
}

const HIVES = 'hkey_local_machine hkey_current_user hkey_classes_root hkey_users hkey_current_config';

/** The record may hold the short name of the hive: no run that could be a piece of the long one counts. */
function registryClause(text: string): WitnessClause {
  return longestRun(lowerAscii(text).replaceAll(/[a-z0-9._-]+/g, (run) => (HIVES.includes(run) ? ' ' : run)));
}

function longestRun(text: string): WitnessClause {
  // Case folding never makes ASCII of other letters, so an ASCII run stands in the value as it is.
  // A number may stand in the record in another notation.
  const runs = (lowerAscii(text).match(/[a-z0-9._-]+/g) ?? []).filter((run) => !/^[0-9.e-]+$/.test(run));
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  return longest.length < MIN_LENGTH ? undefined : [longest];
}

/** The better of two clauses that must both hold: that whose shortest literal is longer. */
function better(left: WitnessClause, right: WitnessClause): WitnessClause {
  if (left === undefined || right === undefined) return left ?? right;
  return shortest(right) > shortest(left) ? right : left;
}

function shortest(clause: readonly string[]): number {
  return clause.reduce((length, literal) => Math.min(length, literal.length), Number.POSITIVE_INFINITY);
}

function joined(clauses: readonly WitnessClause[]): WitnessClause {
  const literals = new Set<string>();
  for (const clause of clauses) {
    if (clause === undefined) return undefined;
    for (const literal of clause) literals.add(literal);
  }
  return literals.size > MAX_LITERALS ? undefined : [...literals];
}
