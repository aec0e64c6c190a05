/**
 * Atoms: literal facts that a predicate needs. `requiredAtoms` finds for a predicate a clause of atoms of which at least one holds
 * on every event that matches, choosing among the possible clauses the one that is rarest in real logs. No atom holding
 * means no match; that is what reaching rules through an index rests on. All literals are folded, so a clause of a
 * case-sensitive test only says maybe more often.
 */
import { foldCase } from '../core/fold.ts';
import type { Compare, Glob, Keyword, Predicate, Test } from '../ir/predicate.ts';
import { literalProbability } from './literal-frequency.ts';
import { regexLiterals } from './regex-literal.ts';

export type AtomRelation = 'equals' | 'starts' | 'ends' | 'contains';

export interface Atom {
  /** Field name; undefined: any scalar of the event (keywords). */
  readonly field: string | undefined;
  readonly relation: AtomRelation;
  readonly text: string;
}

export interface Clause {
  readonly atoms: readonly Atom[];
  /** Estimated share of events on which some atom holds, 0 to any. */
  readonly probability: number;
}

/** Clauses longer than this cost more than they save. */
const MAX_ATOMS = 4096;

export function requiredAtoms(predicate: Predicate): Clause | undefined {
  switch (predicate.kind) {
    case 'and': {
      let best: Clause | undefined;
      for (const item of predicate.items) {
        const clause = requiredAtoms(item);
        if (clause !== undefined && (best === undefined || clause.probability < best.probability)) best = clause;
      }
      return best;
    }
    case 'or': {
      const atoms: Atom[] = [];
      let probability = 0;
      for (const item of predicate.items) {
        const clause = requiredAtoms(item);
        if (clause === undefined) return undefined;
        atoms.push(...clause.atoms);
        probability += clause.probability;
        if (atoms.length > MAX_ATOMS) return undefined;
      }
      return { atoms, probability };
    }
    case 'constant':
      return predicate.value ? undefined : { atoms: [], probability: 0 };
    case 'compare':
      return compareAtoms(predicate);
    case 'keyword':
      return rarest(atomsOfComparison(predicate));
    // A negation, a binder and array elements need no literal that stands in a field of their own name.
    case 'not':
    case 'bind':
    case 'elements':
      return undefined;
  }
}

function compareAtoms(node: Compare): Clause | undefined {
  return rarest(atomsOfComparison(node));
}

/** Literals that all hold whenever the comparison does; empty when nothing is certain. */
export function atomsOfComparison(node: Compare | Keyword): readonly Atom[] {
  if (node.kind === 'keyword') return atomsOfTest(node.test, undefined);
  if (node.negate || node.absent || node.path.kind !== 'field') return [];
  return atomsOfTest(node.test, node.path.name);
}

function atomsOfTest(test: Test, field: string | undefined): readonly Atom[] {
  if (test.kind === 'equals') {
    if (test.typing !== 'bridged' || test.value.type !== 'string' || field === undefined) return [];
    return [{ field, relation: 'equals', text: foldCase(test.value.value) }];
  }
  if (test.kind === 'glob' && test.typing === 'bridged' && test.normalize === 'none') return globAtoms(test, field);
  if (test.kind === 'regex' && test.typing === 'bridged' && test.normalize === 'none') {
    const { pieces, folds } = regexLiterals(test);
    // The index has no way to see the strangers that k and s fold to: such a piece is cut at them.
    const sure = folds ? pieces.flatMap((piece) => piece.split(/[ks]/i)) : pieces;
    return sure
      .filter((piece) => piece.length > 1)
      .map((piece): Atom => ({ field, relation: 'contains', text: foldCase(piece) }));
  }
  return [];
}

/** The literal pieces, each with how it is bound to the ends of the value. */
function globAtoms(glob: Glob, field: string | undefined): Atom[] {
  return glob.parts.flatMap((part, index): Atom[] => {
    if (!('text' in part) || part.text === '') return [];
    const first = index === 0;
    const last = index === glob.parts.length - 1;
    const bound: AtomRelation = first && last ? 'equals' : first ? 'starts' : last ? 'ends' : 'contains';
    return [{ field, relation: field === undefined ? 'contains' : bound, text: foldCase(part.text) }];
  });
}

function rarest(atoms: readonly Atom[]): Clause | undefined {
  const clauses = atoms.map(clause).sort((a, b) => a.probability - b.probability);
  return clauses[0];
}

function clause(atom: Atom): Clause {
  return { atoms: [atom], probability: literalProbability(atom.text, atom.relation) };
}
