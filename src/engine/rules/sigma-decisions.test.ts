import { expect, test } from 'vitest';
import type { Predicate } from '../../ir/predicate.ts';
import { AtomTable, formulaOf } from '../../match/rule-formula.ts';
import { type DecidedRule, type DecidingKind, SigmaDecisions } from './sigma-decisions.ts';

function equals(name: string, value: string): Predicate {
  return {
    kind: 'compare',
    path: { kind: 'field', name },
    test: { kind: 'equals', value: { type: 'string', value }, collation: 'folded', typing: 'bridged' },
    negate: false,
    absent: false,
  } as Predicate;
}

const both: Predicate = { kind: 'and', items: [equals('EventID', '1'), equals('Channel', 'security')] };
const one: Predicate = { kind: 'or', items: [equals('EventID', '1'), equals('Channel', 'security')] };

function decisions(...predicates: Predicate[]): SigmaDecisions {
  const atoms = new AtomTable();
  return new SigmaDecisions((number) => formulaOf(predicates[number] as Predicate, atoms));
}

/** Fields in `told` are told, and their comparisons have that result. */
function kind(told: Readonly<Record<string, boolean>>, unknown: readonly string[] = []): DecidingKind {
  return {
    isWhole: true,
    stateOf: (field) => (unknown.includes(field) ? 'unknown' : Object.hasOwn(told, field) ? 'told' : 'open'),
    decide: (node) => node.path.kind === 'field' && told[node.path.name] === true,
  };
}

test('what a kind tells is decided, and a rule that cannot hold is left out', () => {
  const rules = decisions(both);
  expect(rules.decide(0, kind({ EventID: false }))).toBeUndefined();
  expect(rules.decide(0, kind({ EventID: true }))?.formula).toMatchObject({ kind: 'atom', atom: { field: 'Channel' } });
  expect(rules.decide(0, kind({ EventID: true, Channel: true }))?.formula).toEqual({ kind: 'constant', value: true });
  expect(rules.decide(0, kind({}))).toMatchObject({ formula: { kind: 'and' }, fields: ['EventID', 'Channel'] });
});

test('rules decided alike are one, and no others are', () => {
  const rules = decisions(both, one);
  const kinds = [
    kind({}),
    kind({ EventID: true }),
    kind({ Channel: true }),
    kind({ EventID: true, Channel: true }),
    kind({}, ['EventID']),
    kind({}, ['Channel']),
    kind({ EventID: true }, ['Channel']),
  ];
  for (const number of [0, 1]) {
    const decided = kinds.map((each) => rules.decide(number, each) as DecidedRule);
    for (const [i, rule] of decided.entries()) {
      expect(rules.decide(number, kinds[i] as DecidingKind)).toBe(rule);
      for (const other of decided) if (other.id === rule.id) expect(other.formula).toEqual(rule.formula);
    }
  }
  expect(rules.decide(0, kind({ Other: true }))).toBe(rules.decide(0, kind({})));
});
