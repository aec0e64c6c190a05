/** `flint rules test`: where rules and tests come from, and what people see of a test that fails. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { RuleTestRun } from '../../engine/rules/rule-test-run.ts';
import { parseRuleTests } from '../../rules/sigma/rule-tests.ts';
import { loadRules } from './rule-options.ts';
import { rulePaths, testPaths } from './test.ts';
import { outcomeObject, outcomeText } from './test-outcome.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples/rules', import.meta.url));
const run = new RuleTestRun(loadRules({ rules: [SAMPLES] }), { maxRecordBytes: 1 << 20, maxDepth: 64 });

function shown(test: string): readonly string[] {
  const [one] = parseRuleTests({ path: 'x.test.yml', text: `tests: [${test}]` }, []);
  if (one === undefined) throw new Error('no test');
  return outcomeText(run.run(one), run, false).split('\n');
}

const SYSMON = 'Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1';
const TITLE = 'Screen saver started from a download folder';

describe('a test that fails', () => {
  it('shows the part of the condition that did not hold, and what stood there', () => {
    expect(shown(`{ event: { ${SYSMON}, Image: 'C:\\Desktop\\x.scr' }, match: ${TITLE} }`)).toEqual([
      'FAIL  test 1  x.test.yml:1',
      `  - rule "${TITLE}" does not match`,
      `    line 1: does not match ${TITLE}`,
      '      log source  fits: rule for windows/process_creation, event is windows-flat: windows, process_creation, sysmon',
      '      - all of',
      '        - Image|contains: \\Downloads\\   seen: "C:\\\\Desktop\\\\x.scr"',
    ]);
  });

  it('shows that the log source was another', () => {
    const lines = shown(
      `{ event: { Channel: Security, EventID: 4624, Image: 'C:\\Downloads\\x.scr' }, match: ${TITLE} }`,
    );
    expect(lines[3]).toContain('log source  does not fit: rule for windows/process_creation');
  });

  it('shows why a rule matches that should not, and which others do', () => {
    const event = `{ ${SYSMON}, Image: 'C:\\Downloads\\x.scr' }`;
    const lines = shown(`{ event: ${event}, match: nobody, no_match: ${TITLE} }`);
    expect(lines.slice(1, 4)).toEqual([
      '  - rule "nobody" is not loaded',
      `  + rule "${TITLE}" matches`,
      `    line 1: matches ${TITLE}`,
    ]);
    expect(shown(`{ event: ${event}, match: nobody }`).at(-1)).toBe(`  other rules that match: ${TITLE} (1)`);
  });

  it('counts for a correlation what it watches', () => {
    const lines = shown(
      `{ event: { ${SYSMON}, Image: 'C:\\Downloads\\x.scr' }, match: A download starts and makes itself at home }`,
    );
    expect(lines[2]).toBe(
      '    temporal_ordered within 300 s, by Computer, User; matches of the rules it watches: ' +
        `${TITLE}: 1, Autostart of a program in ProgramData: 0`,
    );
  });

  it('is an object for programs, with the tree', () => {
    const text = `tests: [{ event: { ${SYSMON}, Image: x }, match: ${TITLE} }]`;
    const [test] = parseRuleTests({ path: 'x.test.yml', text }, []);
    if (test === undefined) throw new Error('no test');
    expect(outcomeObject(run.run(test), run)).toMatchObject({
      test: 'test 1',
      passed: false,
      failures: [{ kind: 'missed', explanations: [{ matches: false, tree: { held: false } }] }],
    });
  });
});

it('a file of events that cannot be read is a problem, not a failure', () => {
  const [test] = parseRuleTests({ path: '/x.test.yml', text: 'tests: [{ events_file: none, match: A }]' }, []);
  if (test === undefined) throw new Error('no test');
  expect(run.run(test)).toMatchObject({ failures: [], problems: [{ code: 'ENV_FILE_UNREADABLE' }] });
});

describe('paths', () => {
  const file = `${SAMPLES}/autostart-in-programdata.yml`;

  it('of folders give rules and tests', () => {
    expect(rulePaths([SAMPLES], {})).toEqual([SAMPLES]);
    expect(testPaths([SAMPLES])).toEqual([SAMPLES]);
  });

  it('of a test file give its folder, unless rules are named', () => {
    expect(rulePaths(['a/x.test.yml'], {})).toEqual(['a']);
    expect(rulePaths(['a/x.test.yml'], { rules: ['b'] })).toEqual([]);
  });

  it('of a rule file give the tests beside it', () => {
    expect(rulePaths([file], {})).toEqual([file]);
    expect(testPaths([file])).toEqual([file.replace('.yml', '.test.yml')]);
  });
});
