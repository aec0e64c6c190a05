/** Choosing, listing and explaining rules: what people see. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSampleEvents } from '../../engine/rules/sample-events.ts';
import { SigmaEventRules } from '../../engine/rules/sigma-rules.ts';
import { FlintError } from '../../errors/diagnostic.ts';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import { attackCoverage } from '../../rules/sigma/attack-coverage.ts';
import { coverageTable } from './coverage.ts';
import { chooseRules } from './explain.ts';
import { explanationText } from './explanation-text.ts';
import { ruleRow } from './ls.ts';
import { isChosen } from './rule-filter.ts';
import { loadRulesAndFeeds } from './rule-options.ts';

const RULE = `title: Whoami
id: 11111111-1111-4111-8111-111111111111
status: test
level: high
tags: [attack.t1033.001]
logsource: { product: windows, category: process_creation }
detection:
  sel:
    Image|endswith: '\\whoami.exe'
    CommandLine|contains: '/all'
  filter:
    ParentImage|endswith: '\\svc.exe'
  condition: sel and not filter
`;
const { detections } = loadSigma([{ path: 'r.yml', text: RULE }], { regexProblem });
const [rule] = detections;
if (rule === undefined) throw new Error('the rule of this test does not load');

const folder = mkdtempSync(join(tmpdir(), 'flint-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));
const LIMITS = { maxRecordBytes: 1 << 20, maxDepth: 64 };
const explained = (event: object, of = rule): string => {
  const path = join(folder, 'event.json');
  writeFileSync(path, JSON.stringify(event));
  const [sample] = readSampleEvents(path, LIMITS);
  const answer = sample === undefined ? undefined : new SigmaEventRules([of]).explain(of.details.id, sample);
  return sample === undefined || answer === undefined ? '' : explanationText(answer, sample, false);
};

describe('flint rules ls', () => {
  it('chooses by level, status, tag with those below it, and product', () => {
    expect(isChosen(rule, {})).toBe(true);
    expect(
      isChosen(rule, { level: ['low', 'high'], status: ['test'], tag: ['attack.t1033'], product: ['Windows'] }),
    ).toBe(true);
    expect(isChosen(rule, { level: ['low'] })).toBe(false);
    expect(isChosen(rule, { status: ['stable'] })).toBe(false);
    expect(isChosen(rule, { tag: ['attack.t103'] })).toBe(false);
    expect(isChosen(rule, { product: ['linux'] })).toBe(false);
  });

  it('takes the rules of feeds along, under the name of their feed', async () => {
    const bundle = join(folder, 'bundle.json');
    const id = 'indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2';
    const times = {
      created: '2024-01-01T00:00:00Z',
      modified: '2024-01-01T00:00:00Z',
      valid_from: '2024-01-01T00:00:00Z',
    };
    const object = { type: 'indicator', id, ...times, name: 'Whoami', pattern_type: 'sigma', pattern: RULE };
    writeFileSync(bundle, JSON.stringify({ type: 'bundle', id: `bundle--${id.slice(11)}`, objects: [object] }));
    const config = join(folder, 'flint.yaml');
    writeFileSync(config, `data_dir: ${join(folder, 'data')}\nintel: [{source: ${bundle}, name: partner}]\n`);
    const { detections: listed, fromFeeds } = await loadRulesAndFeeds({ config }, []);
    expect(listed.map((one) => ruleRow(one).at(-1))).toEqual([`${bundle}#${id}:1`]);
    expect(fromFeeds.get(`${bundle}#${id}`)).toMatchObject({ id, provider: 'partner' });
    writeFileSync(config, `data_dir: ${join(folder, 'data')}\n`);
    await expect(loadRulesAndFeeds({ config }, [])).rejects.toThrow('no rules are given');
  });

  it('shows where a rule stands', () => {
    expect(ruleRow(rule)).toEqual([
      'high',
      'test',
      'windows/process_creation',
      'Whoami',
      '11111111-1111-4111-8111-111111111111',
      'r.yml:1',
    ]);
  });
});

describe('flint rules coverage', () => {
  it('counts rules by technique', () => {
    expect(coverageTable(attackCoverage([rule]), false).split('\n')).toEqual([
      'technique  rules  by level',
      'T1033.001      1  1 high',
    ]);
  });
});

describe('flint rules explain', () => {
  const sysmon = { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, Image: 'C:\\Windows\\whoami.exe' };

  it('shows what held and what did not, and what stood there', () => {
    expect(explained({ ...sysmon, CommandLine: 'whoami /priv' }).split('\n')).toEqual([
      'line 1: does not match Whoami',
      '  log source  fits: rule for windows/process_creation, event is windows-flat: windows, process_creation, sysmon',
      '  - all of',
      '    + Image|endswith: \\whoami.exe   seen: "C:\\\\Windows\\\\whoami.exe"',
      '    - CommandLine|contains: /all   seen: "whoami /priv"',
      '    + not',
      '      - ParentImage|endswith: \\svc.exe   absent',
    ]);
    expect(explained({ ...sysmon, CommandLine: 'whoami /all' })).toMatch(/^line 1: matches Whoami/);
  });

  it('shows of a comparison with another field what stands in both', () => {
    const text = RULE.replace("CommandLine|contains: '/all'", 'User|fieldref: ParentUser').replace('1111', '2222');
    const [fieldref = rule] = loadSigma([{ path: 'f.yml', text }], { regexProblem }).detections;
    expect(explained({ ...sysmon, User: 'alice', ParentUser: 'bob' }, fieldref)).toContain(
      '    - User|fieldref: ParentUser   seen: "alice"; ParentUser has "bob"\n',
    );
    expect(explained({ ...sysmon, User: 'alice' }, fieldref)).toContain('seen: "alice"; ParentUser absent\n');
  });

  it('says when the event is of another log source', () => {
    const text = explained({ ...sysmon, EventID: 3, CommandLine: 'whoami /all' });
    expect(text).toMatch(/^line 1: does not match/);
    expect(text).toContain('log source  does not fit');
    expect(explained({ foo: 1 })).toContain('of no known shape');
  });

  it('finds the rule by id, by title and by file, and names the nearest when it does not', () => {
    expect(chooseRules(detections, rule.details.id, false)).toEqual([rule]);
    expect(chooseRules(detections, 'whoami', false)).toEqual([rule]);
    expect(chooseRules(detections, 'r.yml', true)).toEqual([rule]);
    expect(() => chooseRules(detections, 'Whoam', false)).toThrow(/did you mean "Whoami"/);
    expect(() => chooseRules(detections, 'other.yml', true)).toThrow(FlintError);
  });
});
