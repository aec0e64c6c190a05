/**
 * Unit tests of rules, kept beside them as YAML (`*.test.yml`): events and the rules that must and must not match them.
 *
 *     tests:
 *       - name: encoded command
 *         event: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\x\powershell.exe'}
 *         logsource: windows/process_creation   # optional, as an input's
 *         match: [6d4b0a0e-2f1c-4b11-9d0e-0a5a3a4f1c77]
 *         no_match: [Other rule]
 */
import { type EventObject, isEventObject } from '../../core/event.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { SigmaFile } from './collection.ts';
import { isMapping } from './definition.ts';
import { Reporter } from './reporter.ts';
import { SourceLocator } from './source-locator.ts';
import { readYamlDocuments } from './yaml-documents.ts';

export interface RuleTestCase {
  readonly name: string;
  readonly file: string;
  readonly event: EventObject;
  readonly logsource?: string;
  /** Ids or titles. */
  readonly match: readonly string[];
  readonly noMatch: readonly string[];
}

const KEYS = ['name', 'event', 'logsource', 'match', 'no_match'];

/** The cases of one file; what is wrong is reported and left out. */
export function parseRuleTests(file: SigmaFile, diagnostics: Diagnostic[]): RuleTestCase[] {
  const locator = new SourceLocator(file.path, file.text);
  const documents = readYamlDocuments(file, locator, diagnostics);
  return documents.flatMap((document, index) => {
    const reporter = new Reporter(diagnostics, locator, index, 1);
    const tests = isMapping(document) ? document['tests'] : undefined;
    if (!Array.isArray(tests)) {
      reporter.error('SIGMA_BAD_TEST', 'test file has no list "tests"', []);
      return [];
    }
    return tests.flatMap((entry: unknown, position) => parseCase(entry, position, file.path, reporter));
  });
}

function parseCase(entry: unknown, position: number, file: string, reporter: Reporter): RuleTestCase[] {
  const path = ['tests', position];
  if (!isMapping(entry) || !isEventObject(entry['event'] as EventObject | undefined)) {
    reporter.error('SIGMA_BAD_TEST', 'test has no map "event"', path);
    return [];
  }
  const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    reporter.error('SIGMA_BAD_TEST', `"${unknown}" is not known in a test${suggestion(unknown, KEYS)}`, {
      path: [...path, unknown],
      key: true,
    });
    return [];
  }
  const match = texts(entry['match']);
  const noMatch = texts(entry['no_match']);
  if (match.length + noMatch.length === 0) {
    reporter.error('SIGMA_BAD_TEST', 'test expects nothing', path, 'name rules under "match" or "no_match"');
    return [];
  }
  const name = entry['name'] === undefined ? `test ${position + 1}` : String(entry['name']);
  const logsource = entry['logsource'];
  return [
    {
      name,
      file,
      event: entry['event'] as EventObject,
      ...(typeof logsource === 'string' ? { logsource } : {}),
      match,
      noMatch,
    },
  ];
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(String);
}

export interface RuleTestFailure {
  readonly test: RuleTestCase;
  readonly message: string;
}

/** `matched`: ids and titles of the rules that hold for the case's event; `known`: those of all loaded rules. */
export function judgeRuleTest(
  test: RuleTestCase,
  matched: ReadonlySet<string>,
  known: ReadonlySet<string>,
): RuleTestFailure[] {
  const failures: RuleTestFailure[] = [];
  for (const rule of [...test.match, ...test.noMatch])
    if (!known.has(rule)) failures.push({ test, message: `rule "${rule}" is not loaded${suggestion(rule, known)}` });
  for (const rule of test.match)
    if (known.has(rule) && !matched.has(rule)) failures.push({ test, message: `rule "${rule}" does not match` });
  for (const rule of test.noMatch) if (matched.has(rule)) failures.push({ test, message: `rule "${rule}" matches` });
  return failures;
}
