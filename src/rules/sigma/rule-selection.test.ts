import { describe, expect, it } from 'vitest';
import { regexProblem } from '../../match/regex.ts';
import { attackCoverage, navigatorLayer } from './attack-coverage.ts';
import { loadSigma } from './load.ts';
import type { RuleSelection } from './rule-selection.ts';
import { selectRules } from './rule-selection.ts';

const rule = (name: string, more: string): { path: string; text: string } => ({
  path: `rules/${name.startsWith('W') ? 'windows' : 'linux'}/${name}.yml`,
  text: `title: ${name}\nid: ${name}\n${more}\nlogsource: {category: c}\ndetection: {sel: {a: 1}, condition: sel}\n`,
});
const FILES = [
  rule('W1', 'level: high\nstatus: test\nauthor: Ann, Bob\ntags: [attack.t1059.001, attack.execution]'),
  rule(
    'W2',
    'level: low\nstatus: experimental\nauthor: Bob\ntags: [attack.t1059, attack.defense_evasion, attack.g0001]',
  ),
  rule('L1', 'status: stable'),
  {
    path: 'c.yml',
    text: 'title: C\nid: C\nlevel: critical\ncorrelation: {type: event_count, rules: [W2], timespan: 1m, condition: {gte: 2}}\n',
  },
];
const loaded = loadSigma(FILES, { regexProblem });

function chosen(selection: RuleSelection): string[] {
  const { detections, correlations } = selectRules(loaded, selection);
  return [...detections, ...correlations].map(({ details, alerts }) => (alerts ? details.id : `(${details.id})`));
}

describe('rule sets', () => {
  it.each([
    [{}, ['W1', '(W2)', 'L1', 'C']],
    [{ include: [{ minLevel: 'high' }] }, ['W1', '(W2)', 'C']],
    [{ include: [{ minStatus: 'test' }] }, ['W1', 'L1']],
    [{ include: [{ tags: ['attack.t1059'] }], exclude: [{ rules: ['C'] }] }, ['W1']],
    [{ include: [{ authors: ['bob'], paths: ['rules/windows'] }] }, ['W1']],
    [{ include: [{ paths: ['linux'] }] }, ['L1']],
    [{ exclude: [{ rules: ['C'] }, { paths: ['windows/W1.yml'] }] }, ['L1']],
  ] as const)('%j chooses %j', (selection, expected) => expect(chosen(selection)).toEqual(expected));

  it('give other levels without editing rules', () => {
    const { detections } = selectRules(loaded, { levels: [{ criteria: { rules: ['L1'] }, level: 'medium' }] });
    expect(detections.map(({ details }) => details.level)).toEqual(['high', 'low', 'medium']);
  });
});

describe('ATT&CK coverage', () => {
  const coverage = attackCoverage([...loaded.detections, ...loaded.correlations]);

  it('counts rules by technique, level and tactic', () => {
    expect(coverage).toMatchObject({
      techniques: [
        { technique: 'T1059', rules: 1, byLevel: { low: 1 } },
        { technique: 'T1059.001', rules: 1, byLevel: { high: 1 } },
      ],
      rules: 4,
      untagged: 2,
    });
    expect([...coverage.tactics]).toEqual([
      ['execution', 1],
      ['defense-evasion', 1],
    ]);
  });

  it('is a Navigator layer', () =>
    expect(navigatorLayer(coverage, 'ours')).toMatchObject({
      name: 'ours',
      domain: 'enterprise-attack',
      versions: { layer: '4.5' },
      techniques: [
        { techniqueID: 'T1059', score: 1, comment: 'W2', showSubtechniques: true },
        { techniqueID: 'T1059.001', score: 1, comment: 'W1' },
      ],
    }));

  it('is a layer with a valid gradient without any technique', () =>
    expect(navigatorLayer(attackCoverage([]), 'ours')).toMatchObject({ gradient: { minValue: 0, maxValue: 1 } }));
});
