/** Walks over the tree of a pattern, in reading order. */
import type { Bracket, Comparison, ComparisonTest, Observation } from './ast.ts';

/** The brackets of a pattern, left to right. */
function patternBrackets(root: Observation): readonly Bracket[] {
  const brackets: Bracket[] = [];
  const visit = (node: Observation): void => {
    if (node.kind === 'bracket') brackets.push(node);
    else if (node.kind === 'qualified') visit(node.item);
    else for (const item of node.items) visit(item);
  };
  visit(root);
  return brackets;
}

/** The single tests below a comparison, left to right. */
export function comparisonTests(root: Comparison): readonly ComparisonTest[] {
  const tests: ComparisonTest[] = [];
  const visit = (node: Comparison): void => {
    if (node.kind === 'test') tests.push(node);
    else for (const item of node.items) visit(item);
  };
  visit(root);
  return tests;
}

export function patternTests(root: Observation): readonly ComparisonTest[] {
  return patternBrackets(root).flatMap((bracket) => comparisonTests(bracket.test));
}
