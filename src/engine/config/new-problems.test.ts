import { expect, it } from 'vitest';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { logNewProblems } from './new-problems.ts';

const problem = (message: string, severity: Diagnostic['severity'] = 'error'): Diagnostic => ({
  code: 'SIGMA_BAD_RULE',
  severity,
  message,
  span: { file: 'a.yml', line: 3 },
});

function logged(former: readonly Diagnostic[], current: readonly Diagnostic[]): readonly unknown[] {
  const lines: unknown[] = [];
  logNewProblems(former, current, { warn: (message, fields) => void lines.push([message, fields]) });
  return lines;
}

it('only what is new is logged, notes are not', () => {
  expect(logged([problem('old')], [problem('old'), problem('new'), problem('by the way', 'note')])).toEqual([
    [
      'problem in what was reloaded',
      { code: 'SIGMA_BAD_RULE', severity: 'error', problem: 'new', file: 'a.yml', line: 3 },
    ],
  ]);
});

it('many problems are twenty lines and a number', () => {
  const many = Array.from({ length: 25 }, (_none, i) => problem(String(i)));
  const lines = logged([], many);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toEqual(['more problems in what was reloaded', { count: 5 }]);
});
