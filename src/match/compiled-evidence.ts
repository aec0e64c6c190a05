/**
 * Evidence of a rule that holds, compiled: what `evidenceOf` says (rule-evidence.ts, to which a random differential test holds it), asked
 * of the frame that the rule was just evaluated on. What a conjunction that holds consists of holds as well and is not tested again;
 * texts that a list looks for anywhere in a long value are looked for at once.
 */
import type { MatchedField } from '../core/match.ts';
import type { Compare, Predicate } from '../ir/predicate.ts';
import { LiteralIndex } from './literal-index.ts';
import type { RuleCompiler } from './rule-compiler.ts';
import { addEvidence, collectEvidence, howOf, MAX_PLACES, seenBy } from './rule-evidence.ts';
import type { RuleFrame } from './rule-frame.ts';
import { textAnywhere } from './rule-tests.ts';
import type { TextUnits } from './text-units.ts';

/** Adds what made a predicate hold that is known to. */
export type Evidence = (frame: RuleFrame, found: MatchedField[]) => void;

/** Fewer texts, and shorter values, are looked at one by one. */
const MANY_TEXTS = 8;
const LONG_VALUE = 256;

/** The frame that the evidence is asked of is to be fitted before. `units`: working memory of indexes. */
export function compileEvidence(predicate: Predicate, compiler: RuleCompiler, units: TextUnits): Evidence {
  const known = (node: Predicate): Evidence | undefined => {
    switch (node.kind) {
      case 'and':
        return inTurn(node.items.flatMap((item) => known(item) ?? []));
      case 'or':
        return alternatives(node.items);
      case 'compare':
        return comparison(node, compiler);
      case 'keyword':
      case 'elements':
        return (frame, found) => collectEvidence(node, frame.fields, found);
      case 'not':
      case 'constant':
      case 'bind':
        return undefined;
    }
  };
  /** As `known`, of what may hold. */
  const tried = (node: Predicate): Evidence | undefined => {
    const evidence = known(node);
    // Of alternatives each is tried.
    if (evidence === undefined || node.kind === 'or') return evidence;
    const test = compiler.compile(node);
    return (frame, found) => {
      if (test(frame)) evidence(frame, found);
    };
  };
  const alternatives = (items: readonly Predicate[]): Evidence => {
    const oneByOne = items.map((item) => tried(item));
    const all = inTurn(oneByOne.flatMap((evidence) => evidence ?? []));
    const list = searchedTexts(items);
    if (list === undefined) return all;
    const index = new LiteralIndex(units);
    const slot = compiler.slotOf(list.field);
    for (const [item, text] of list.texts) index.add('contains', text, item);
    index.finish();
    const stands = new Uint8Array(items.length);
    const visit = (item: number): void => {
      stands[item] = 1;
    };
    const evidenceOf = items.map((item, i) => (list.texts.has(i) ? known(item) : oneByOne[i]));
    return (frame, found) => {
      const text = frame.folded(slot);
      if (text === undefined || text.length < LONG_VALUE) {
        all(frame, found);
        return;
      }
      stands.fill(0);
      index.find(text, visit, text);
      for (let i = 0; i < items.length && found.length < MAX_PLACES; i++)
        if (stands[i] === 1 || !list.texts.has(i)) evidenceOf[i]?.(frame, found);
    };
  };
  return known(predicate) ?? NOTHING;
}

const NOTHING: Evidence = () => undefined;

function inTurn(all: readonly Evidence[]): Evidence {
  return (frame, found) => {
    for (let i = 0; i < all.length && found.length < MAX_PLACES; i++) (all[i] as Evidence)(frame, found);
  };
}

function comparison(node: Compare, compiler: RuleCompiler): Evidence | undefined {
  if (node.path.kind !== 'field') return undefined;
  const { name } = node.path;
  const slot = compiler.slotOf(name);
  const item = node.label ?? name;
  const how = howOf(node.test);
  return (frame, found) => {
    const value = frame.isMany(slot) ? seenBy(node, name, frame.fields) : frame.value(slot);
    addEvidence(found, name, value, item, how);
  };
}

interface SearchedTexts {
  readonly field: string;
  /** Folded, by place in the list. */
  readonly texts: ReadonlyMap<number, string>;
}

/** The field in which most of a list's members look for one text anywhere; undefined where they are few. */
function searchedTexts(items: readonly Predicate[]): SearchedTexts | undefined {
  const byField = new Map<string, Map<number, string>>();
  for (const [i, item] of items.entries()) {
    if (item.kind !== 'compare' || item.negate || item.absent || item.path.kind !== 'field') continue;
    const text = textAnywhere(item.test);
    if (text === undefined) continue;
    const { name } = item.path;
    const texts = byField.get(name) ?? new Map<number, string>();
    byField.set(name, texts.set(i, text));
  }
  const [most] = [...byField].sort(([, a], [, b]) => b.size - a.size);
  return most === undefined || most[1].size < MANY_TEXTS ? undefined : { field: most[0], texts: most[1] };
}
