/** The outcome of one unit test of rules: a line that says whether it passed, and below it what differs and why. */
import type { RuleTestOutcome, RuleTestRun } from '../../engine/rules/rule-test-run.ts';
import type { RuleTestFailure } from '../../rules/sigma/rule-tests.ts';
import { oneLine, paint } from '../terminal.ts';
import { explanationObject, explanationText } from './explanation-text.ts';

/** Events that a failure is explained on. */
const MAX_EXPLAINED = 3;

type Explainer = Pick<RuleTestRun, 'explain' | 'correlation' | 'titleOf'>;

export function outcomeText(outcome: RuleTestOutcome, run: Explainer, color: boolean): string {
  const { test, failures, matched } = outcome;
  const passed = failures.length === 0;
  const verdict = passed ? paint(color, 'green', 'pass') : paint(color, 'red', 'FAIL');
  const place = paint(color, 'dim', `${test.file}:${test.line}`);
  const head = `${verdict}  ${oneLine(test.name, 80)}  ${place}`;
  if (passed) return head;
  const told = [...test.match, ...failures].map(({ rule }) => rule);
  const others = matched.filter(({ id, name }) => !told.includes(id) && !told.includes(name));
  const also = others.map(({ name, matches }) => `${oneLine(name, 80)} (${matches})`);
  return [
    head,
    ...failures.flatMap((failure) => [
      `  ${failure.kind === 'unexpected' ? '+' : '-'} ${oneLine(failure.message, 200)}`,
      ...whyLines(failure, outcome, run, color).map((line) => `    ${line}`),
    ]),
    ...(also.length === 0 ? [] : [`  other rules that match: ${also.join(', ')}`]),
  ].join('\n');
}

function whyLines(failure: RuleTestFailure, outcome: RuleTestOutcome, run: Explainer, color: boolean): string[] {
  if (failure.kind === 'unknown') return [];
  if (outcome.events.length === 0) return ['there are no events'];
  const correlation = run.correlation(failure.rule);
  if (correlation !== undefined) {
    const counts = correlation.rules.map((id) => {
      const matches = outcome.matched.find((rule) => rule.id === id)?.matches ?? 0;
      return `${oneLine(run.titleOf(id), 80)}: ${matches}`;
    });
    const group = correlation.groupBy.map(({ name }) => name).join(', ');
    const span = `within ${correlation.timespanMs / 1000} s${group === '' ? '' : `, by ${group}`}`;
    return [`${correlation.type} ${span}; matches of the rules it watches: ${counts.join(', ')}`];
  }
  // Of an unexpected match the events that it is about, of a missing one those where it was expected: all.
  const explained = run
    .explain(failure.rule, outcome.events)
    .filter(({ why }) => failure.kind !== 'unexpected' || (why.admitted && why.tree.held));
  const lines = explained
    .slice(0, MAX_EXPLAINED)
    .flatMap(({ event, why }) => explanationText(why, event, color, 'decisive').split('\n'));
  const more = explained.length - MAX_EXPLAINED;
  return more > 0 ? [...lines, `and ${more} more events`] : lines;
}

export function outcomeObject(outcome: RuleTestOutcome, run: Explainer): Readonly<Record<string, unknown>> {
  const { test, events, failures, matched } = outcome;
  return {
    test: test.name,
    file: test.file,
    line: test.line,
    passed: failures.length === 0,
    events: events.length,
    matched,
    failures: failures.map((failure) => ({
      ...failure,
      ...(failure.kind !== 'unknown' && {
        explanations: run
          .explain(failure.rule, events)
          .slice(0, MAX_EXPLAINED)
          .map(({ event, why }) => explanationObject(why, event)),
      }),
    })),
  };
}
