/**
 * Witnesses of predicates over STIX objects (design section 2): literals of which at least one must stand, in either case, in the
 * text of every event that satisfies the predicate, with compatibility forms of letters and mapped addresses made plain. Only values
 * that come from the record as they are give any, and only runs of at least three characters of `[a-z0-9._-]`. Of several the
 * rarest is taken.
 */
import { formatIp, parseIp } from '../core/ip-address.ts';
import { lowerAscii } from '../core/domain-name.ts';
import { parseUrl } from '../core/web-url.ts';
import type { Compare, Literal, ObjectStep, Predicate, Test } from '../ir/predicate.ts';
import type { OriginsOf, ValueOrigin } from '../ir/value-origin.ts';
import { literalProbability } from './literal-frequency.ts';
import { type Clause, clauseOf, keysOf } from './object-clause.ts';
import { regexLiterals } from './regex-literal.ts';

/** Lower case. */
export type WitnessClause = Clause<string>;

const MIN_LENGTH = 3;
/** A clause of more literals is no filter any more. */
const MAX_LITERALS = 10_000;

export function witnessClause(predicate: Predicate, origins: OriginsOf): WitnessClause {
  return clauseOf(predicate, {
    compare: (node, steps, type) => compareClause(node, steps, type, origins),
    // That whose most common literal is rarer.
    better: (left, right) => (commonness(right) < commonness(left) ? right : left),
    joined,
  });
}

function compareClause(node: Compare, steps: readonly ObjectStep[], type: string, origins: OriginsOf): WitnessClause {
  const keys = keysOf(steps);
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
  const pieces = piecesOf(test);
  if (pieces === undefined) return undefined;
  if (origin === 'url') return urlRun(pieces);
  if (origin === 'host') return rarestRun(pieces.map(withoutEncodedLabels).filter(isNameOnly).join(' '), isNoHex);
  return origin === 'registry-key' ? registryClause(pieces.join(' ')) : rarestRun(pieces.join(' '));
}

/** Texts that stand, each in one piece, in every value that the test holds for. */
function piecesOf(test: Test): readonly string[] | undefined {
  if (test.kind === 'glob') return test.parts.map((part) => ('text' in part ? part.text : ' '));
  return test.kind === 'regex' ? regexLiterals(test).pieces : undefined;
}

/** A label in ASCII form may stand in Unicode. */
function withoutEncodedLabels(text: string): string {
  return text.replaceAll(/xn--[^./?]*/gi, ' ');
}

/** No piece of an address, which has other spellings. */
function isNameOnly(text: string): boolean {
  return !/:|\d$/.test(text);
}

/**
 * A run of a URL, which may be compared in canonical form: what the record has percent-encoded can be plain there, and the other way round. Two hex
 * digits at the beginning may be the rest of an encoded character; a scheme may be made up.
 */
function urlRun(pieces: readonly string[]): WitnessClause {
  const texts = pieces.map((piece) =>
    withoutEncodedLabels(piece)
      .replace(/^[0-9a-f]{1,2}/i, ' ')
      .replaceAll(/%[0-9a-f]{0,2}/gi, ' ')
      .replaceAll(/\bhttps?\b/gi, ' '),
  );
  return rarestRun(texts.join(' '), isNoHex);
}

/** Hex digits alone may be a piece of an address. */
function isNoHex(run: string): boolean {
  return /[g-z_]/.test(run);
}

function literalClause(literal: Literal, origin: ValueOrigin): WitnessClause {
  if (literal.type !== 'string') return undefined;
  if (origin === 'host') return hostClause(literal.value);
  if (origin === 'url') {
    const host = parseUrl(literal.value)?.host;
    return host === undefined ? undefined : hostClause(host);
  }
  return origin === 'registry-key' ? registryClause(literal.value) : rarestRun(literal.value);
}

/** A label in ASCII form may stand in Unicode; what looks for an IPv4 address sees one that is mapped into IPv6 as itself. */
function hostClause(host: string): WitnessClause {
  const address = parseIp(host);
  if (address !== undefined) return address.family === 4 ? [formatIp(address)] : undefined;
  return rarestRun(host.replaceAll(/xn--[^.]*/gi, ' '));
}

const HIVES = 'hkey_local_machine hkey_current_user hkey_classes_root hkey_users hkey_current_config';

/** The record may hold the short name of the hive: no run that could be a piece of the long one counts. */
function registryClause(text: string): WitnessClause {
  return rarestRun(lowerAscii(text).replaceAll(/[a-z0-9._-]+/g, (run) => (HIVES.includes(run) ? ' ' : run)));
}

/** Words that stand in so many records that looking for them rules out little. */
const COMMON_RUNS = new Set(
  'run currentversion currentcontrolset controlset001 software services microsoft windows system system32 syswow64 program files users appdata local roaming temp public desktop explorer classes policies .exe .dll .com .net .org www. index.php'.split(
    ' ',
  ),
);

function rarity(run: string): number {
  return COMMON_RUNS.has(run) ? 1 : literalProbability(run, 'contains');
}

function rarestRun(text: string, isUsable: (run: string) => boolean = () => true): WitnessClause {
  // What looks for runs sees characters that stand for ASCII ones (the Kelvin sign, the long s) as these.
  // A number may stand in the record in another notation.
  const runs = (lowerAscii(text).match(/[a-z0-9._-]+/g) ?? []).filter(
    (run) => run.length >= MIN_LENGTH && !/^[0-9.e-]+$/.test(run) && isUsable(run),
  );
  const [first, ...others] = runs;
  if (first === undefined) return undefined;
  return [others.reduce((best, run) => (rarity(run) < rarity(best) ? run : best), first)];
}

/** Share of events in which the most common of the literals is expected. */
export function commonness(clause: readonly string[]): number {
  return clause.reduce((worst, literal) => Math.max(worst, rarity(literal)), 0);
}

function joined(clauses: readonly WitnessClause[]): WitnessClause {
  const literals = new Set<string>();
  for (const clause of clauses) {
    if (clause === undefined) return undefined;
    for (const literal of clause) literals.add(literal);
  }
  return literals.size > MAX_LITERALS ? undefined : [...literals];
}
