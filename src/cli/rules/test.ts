/**
 * `flint rules test [PATH...]`: runs the unit tests kept beside rules. A table for people, NDJSON for pipes; exits with 1 when a
 * test fails and with 2 when a test cannot be run.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { isTestFile, readRuleTestFiles } from '../../engine/rules/rule-files.ts';
import { RuleTestRun } from '../../engine/rules/rule-test-run.ts';
import { withSourceLines } from '../../engine/files/source-lines.ts';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { parseRuleTests } from '../../rules/sigma/rule-tests.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { openTerminal, paint, say } from '../terminal.ts';
import { addRuleOptions, loadRules, type RuleOptions } from './rule-options.ts';
import { outcomeObject, outcomeText } from './test-outcome.ts';

export const testCommand: CliCommand = {
  name: 'test',
  build: (action) =>
    addRuleOptions(new Command('test'))
      .description('unit tests of rules: events, and the rules that must and must not match them')
      .argument(
        '[paths...]',
        'folders with rules and tests, or test files (*.test.yml); default: the rules that are given',
      )
      .option('--failed', 'only the tests that fail')
      .addHelpText(
        'after',
        `
Rules come from the paths, --rules and -c; those of a test file's own folder when nothing else names any.
Exits with 1 when a test fails, with 2 when a test cannot be run.

Examples:
  flint rules test samples/rules
  flint rules test rules/powershell.test.yml --rules rules
  flint rules test sigma/regression_data --rules sigma/rules --failed`,
      )
      .action(action((paths, options) => test(paths as string[], options as TestOptions))),
};

interface TestOptions extends RuleOptions {
  readonly failed?: boolean;
}

async function test(paths: readonly string[], options: TestOptions): Promise<number> {
  const terminal = openTerminal(options);
  const rules = loadRules(options, rulePaths(paths, options));
  const read = readRuleTestFiles(paths.length > 0 ? testPaths(paths) : rules.config.rules);
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const tests = read.files.flatMap((file) => parseRuleTests(file, diagnostics));
  if (tests.length === 0 && diagnostics.length === 0) {
    const hint = 'tests stand in files called *.test.yml; docs/sigma.md shows one';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'no tests of rules are found', { hint })]);
  }
  printDiagnostics(
    rules.diagnostics.filter(({ severity }) => severity === 'error'),
    terminal,
  );
  const { record_bytes: maxRecordBytes, json_depth: maxDepth } = rules.config.limits;
  const run = new RuleTestRun(rules, { maxRecordBytes, maxDepth });
  const forPeople = terminal.out.isTTY === true && !terminal.json;
  const tested = new Set<string>();
  let failed = 0;
  for (const one of tests) {
    const outcome = run.run(one);
    diagnostics.push(...outcome.problems);
    if (outcome.problems.length > 0) continue;
    if (outcome.failures.length > 0) failed++;
    for (const name of [...one.match.map(({ rule }) => rule), ...one.noMatch]) tested.add(name);
    if (options.failed === true && outcome.failures.length === 0) continue;
    const text = forPeople ? outcomeText(outcome, run, terminal.colorOut) : JSON.stringify(outcomeObject(outcome, run));
    terminal.out.write(`${text}\n`);
  }
  printDiagnostics(await withSourceLines(diagnostics), terminal);
  const all = [...rules.detections, ...rules.correlations];
  const untested = all.filter(({ details: { id, name } }) => !tested.has(id) && !tested.has(name)).length;
  const passed = tests.length - failed - diagnostics.filter(({ severity }) => severity === 'error').length;
  const verdict =
    failed === 0 ? paint(terminal.colorErr, 'green', 'passed') : paint(terminal.colorErr, 'red', 'failed');
  const counts = `${Math.max(0, passed)} of ${tests.length} tests pass, ${failed} fail`;
  say(terminal, `${verdict}: ${counts}; ${untested} of ${all.length} rules have no test`);
  if (failed > 0) return EXIT.failed;
  return diagnostics.some(({ severity }) => severity === 'error') ? EXIT.usage : EXIT.done;
}

/** Where to look for tests: of a rule's file the one beside it, `x.test.yml` of `x.yml`. */
export function testPaths(paths: readonly string[]): string[] {
  return paths.map((path) => (isRuleFile(path) ? path.replace(/(\.ya?ml)?$/i, '.test$1') : path));
}

/** Where to take rules from: the paths themselves, and of test files the folder when no rules are named otherwise. */
export function rulePaths(paths: readonly string[], options: Pick<RuleOptions, 'config' | 'rules'>): string[] {
  const alone = options.config === undefined && options.rules === undefined;
  return paths.flatMap((path) => {
    if (!isTestFile(path)) return [path];
    return alone ? [dirname(path)] : [];
  });
}

function isRuleFile(path: string): boolean {
  return !isTestFile(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
