/**
 * Tokens of predicates over STIX objects: addresses, names, hashes and file names of which at least one must stand, as a whole token, in the bytes of every
 * event that satisfies the predicate. They are values as indicators have them, so that the tables in which the scanner looks for indicators find them
 * too, at no further cost. Only equality gives them, and the end of a name under LIKE; what they are a part of says `object-witness.ts`.
 */
import { formatIp, parseIp } from '../core/ip-address.ts';
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { lowerAscii } from '../core/domain-name.ts';
import { parseUrl } from '../core/web-url.ts';
import type { Compare, Literal, ObjectStep, Predicate, Test } from '../ir/predicate.ts';
import type { OriginsOf, ValueOrigin } from '../ir/value-origin.ts';
import { type Clause, clauseOf, keysOf } from './object-clause.ts';

export interface ScanToken {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
}

export type TokenClause = Clause<ScanToken>;

/** Letters, digits and hyphens between single dots, the last label beginning with a letter: one token wherever it stands. */
const DOTTED_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_LENGTHS = { min: 6, max: 200 } as const;
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/;

export function tokenClause(predicate: Predicate, origins: OriginsOf): TokenClause {
  return clauseOf(predicate, {
    compare: (node, steps, type) => compareClause(node, steps, type, origins),
    better: (left, right) => (right.length < left.length ? right : left),
    joined,
  });
}

function compareClause(
  { test, negate }: Compare,
  steps: readonly ObjectStep[],
  type: string,
  origins: OriginsOf,
): TokenClause {
  const from = origins(type, keysOf(steps));
  if (negate || from.size === 0) return undefined;
  return joined([...from].map((origin) => testClause(test, origin)));
}

function testClause(test: Test, origin: ValueOrigin): TokenClause {
  if (test.kind === 'equals') return literalClause(test.value, origin);
  if (test.kind === 'in') return joined(test.values.map((value) => literalClause(value, origin)));
  return test.kind === 'glob' && origin === 'host' ? endingClause(test) : undefined;
}

function literalClause(literal: Literal, origin: ValueOrigin): TokenClause {
  if (literal.type !== 'string') return undefined;
  if (origin === 'host') return hostClause(literal.value);
  if (origin === 'url') return hostClause(parseUrl(literal.value)?.host ?? '');
  if (origin !== 'verbatim') return undefined;
  const text = lowerAscii(literal.value);
  if (HASH.test(text)) return [{ kind: 'hash', value: text, semantics: 'exact' }];
  return nameClause(text, 'exact');
}

function hostClause(host: string): TokenClause {
  const address = parseIp(host);
  if (address === undefined) return nameClause(lowerAscii(host), 'exact');
  return address.family === 4 ? [{ kind: 'ipv4', value: formatIp(address), semantics: 'exact' }] : undefined;
}

/** `%.name.example`: names that end so. */
function endingClause({ parts }: Extract<Test, { kind: 'glob' }>): TokenClause {
  const last = parts.at(-1);
  if (last === undefined || !('text' in last) || parts.length < 2 || !last.text.startsWith('.')) return undefined;
  return nameClause(lowerAscii(last.text.slice(1)), 'subdomain');
}

function nameClause(name: string, semantics: Semantics): TokenClause {
  const fits = name.length >= NAME_LENGTHS.min && name.length <= NAME_LENGTHS.max && DOTTED_NAME.test(name);
  // A label in ASCII form may stand in Unicode.
  return fits && !name.includes('xn--') ? [{ kind: 'domain', value: name, semantics }] : undefined;
}

function joined(clauses: readonly TokenClause[]): TokenClause {
  const tokens = new Map<string, ScanToken>();
  for (const clause of clauses) {
    if (clause === undefined) return undefined;
    for (const token of clause) tokens.set(`${token.kind} ${token.semantics} ${token.value}`, token);
  }
  return [...tokens.values()];
}
