import { expect, it } from 'vitest';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import { WorstCases } from './worst-cases.ts';

it('only rules that alert, and that a field of another process can take back, have a worst case', () => {
  const rule = (name: string, condition: string): string =>
    `title: ${name}\nname: ${name}\nlogsource: {product: windows}\ndetection:\n  s: {Image: a}\n  p: {ParentImage: b}\n  o: {User: c}\n  condition: ${condition}\n`;
  const counted = `title: many\ncorrelation:\n  type: event_count\n  rules: [quiet]\n  group-by: [User]\n  timespan: 1m\n  condition: {gte: 2}\n`;
  const text = [
    rule('filtered', 's and not p'),
    rule('asks', 's and p'),
    rule('own', 's and not o'),
    rule('quiet', 's and not p'),
    counted,
  ].join('---\n');
  const { detections } = loadSigma([{ path: 'r.yml', text }], { regexProblem });
  const worst = new WorstCases(detections);
  expect(detections.map(({ details }, i) => [details.name, worst.of(i)?.names])).toEqual([
    ['filtered', ['ParentImage']],
    ['asks', undefined],
    ['own', undefined],
    ['quiet', undefined],
  ]);
});
