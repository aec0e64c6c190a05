/**
 * Unit tests of rules, kept beside them as YAML (`*.test.yml`): events, and the rules that must and must not match them.
 *
 *     tests:
 *       - name: encoded command
 *         event: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\x\powershell.exe'}
 *         logsource: windows/process_creation   # optional, as an input's
 *         match: [6d4b0a0e-2f1c-4b11-9d0e-0a5a3a4f1c77]
 *         no_match: [Other rule]
 *
 * `events` is a list in order of time, for correlations; an event that is a text is a record as it was logged. `match` may be a map
 * from rules to exact numbers. The regression files of the SigmaHQ repository (`info.yml`) are read as tests too.
 */
import { type EventObject, isEventObject } from '../../core/event.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { SigmaFile } from './collection.ts';
import { isMapping } from './definition.ts';
import { Reporter } from './reporter.ts';
import type { YamlMap } from './rule-meta.ts';
import { SourceLocator, type YamlPath } from './source-locator.ts';
import { readYamlDocuments } from './yaml-documents.ts';

export interface RuleTestCase {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Given in the test; texts are records as logged. */
  readonly events: readonly (EventObject | string)[];
  /** A file of records beside the test's, instead. */
  readonly eventsFile?: string;
  readonly logsource?: string;
  readonly match: readonly ExpectedMatch[];
  /** Ids or titles. */
  readonly noMatch: readonly string[];
  /** True: no rule may match that is not expected. */
  readonly nothingElse: boolean;
}

export interface ExpectedMatch {
  /** Id or title. */
  readonly rule: string;
  /** Matches: at least `least`, at most `most`. */
  readonly least: number;
  readonly most: number;
}

const KEYS = ['name', 'event', 'events', 'events_file', 'logsource', 'match', 'no_match', 'only'];

/** The cases of one file; what is wrong is reported and left out. */
export function parseRuleTests(file: SigmaFile, diagnostics: Diagnostic[]): RuleTestCase[] {
  const locator = new SourceLocator(file);
  const documents = readYamlDocuments(file, locator, diagnostics);
  return documents.flatMap((document, index) => {
    const reporter = new Reporter(diagnostics, locator, index, 1);
    if (isMapping(document) && document['regression_tests_info'] !== undefined)
      return regressionCases(document, file.path, reporter);
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
  if (!isMapping(entry)) {
    reporter.error('SIGMA_BAD_TEST', 'test is no map', path);
    return [];
  }
  const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    const message = `"${unknown}" is not known in a test${suggestion(unknown, KEYS)}`;
    reporter.error('SIGMA_BAD_TEST', message, { path: [...path, unknown], key: true });
    return [];
  }
  const events = eventsOf(entry, path, reporter);
  const match = expectedMatches(entry['match'], [...path, 'match'], reporter);
  if (events === undefined || match === undefined) return [];
  const noMatch = texts(entry['no_match']);
  const nothingElse = entry['only'] === true || (Array.isArray(entry['match']) && match.length === 0);
  if (match.length + noMatch.length === 0 && !nothingElse) {
    const hint = 'name rules under "match" or "no_match"; "match: []" says that no rule matches';
    reporter.error('SIGMA_BAD_TEST', 'test expects nothing', path, hint);
    return [];
  }
  const logsource = entry['logsource'];
  return [
    {
      name: entry['name'] === undefined ? `test ${position + 1}` : String(entry['name']),
      file,
      line: reporter.span(path).line ?? 1,
      ...events,
      ...(typeof logsource === 'string' ? { logsource } : {}),
      match,
      noMatch,
      nothingElse,
    },
  ];
}

/** Exactly one of `event`, `events` and `events_file`. */
function eventsOf(
  entry: YamlMap,
  path: YamlPath,
  reporter: Reporter,
): Pick<RuleTestCase, 'events' | 'eventsFile'> | undefined {
  const given = ['event', 'events', 'events_file'].filter((key) => entry[key] !== undefined);
  const [key] = given;
  if (key === undefined || given.length > 1) {
    const message = key === undefined ? 'test has no "event"' : `test has both "${key}" and "${given[1]}"`;
    reporter.error('SIGMA_BAD_TEST', message, path, 'give one of event, events, events_file');
    return undefined;
  }
  const value = entry[key];
  if (key === 'events_file') return { events: [], eventsFile: String(value) };
  const list: unknown = key === 'event' ? [value] : value;
  const bad = Array.isArray(list) ? list.findIndex((event: unknown) => !isTestEvent(event)) : 0;
  if (!Array.isArray(list) || bad >= 0) {
    const place = [...path, key, ...(key === 'events' && Array.isArray(list) ? [bad] : [])];
    reporter.error('SIGMA_BAD_TEST', 'event is neither a map nor a record as text', place);
    return undefined;
  }
  return { events: list as readonly (EventObject | string)[] };
}

function isTestEvent(event: unknown): boolean {
  return typeof event === 'string' || isEventObject(event as EventObject | undefined);
}

/** One rule, a list of rules, or a map from rules to numbers of matches. */
function expectedMatches(value: unknown, path: YamlPath, reporter: Reporter): ExpectedMatch[] | undefined {
  if (!isMapping(value)) return texts(value).map((rule) => ({ rule, least: 1, most: Number.POSITIVE_INFINITY }));
  const expected: ExpectedMatch[] = [];
  for (const [rule, count] of Object.entries(value)) {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) {
      const message = `number of matches "${String(count)}" is no number from 1`;
      reporter.error('SIGMA_BAD_TEST', message, [...path, rule], 'rules that must not match stand under "no_match"');
      return undefined;
    }
    expected.push({ rule, least: count, most: count });
  }
  return expected;
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(String);
}

/** SigmaHQ's regression files: recorded events (the JSON beside the EVTX) that the rule must match at least so often. */
function regressionCases(document: YamlMap, file: string, reporter: Reporter): RuleTestCase[] {
  const rules = Array.isArray(document['rule_metadata']) ? document['rule_metadata'] : [];
  const ids = rules.flatMap((rule: unknown) => (isMapping(rule) ? texts(rule['id']) : []));
  const entries = Array.isArray(document['regression_tests_info']) ? document['regression_tests_info'] : [];
  if (ids.length === 0 || entries.length === 0) {
    reporter.error('SIGMA_BAD_TEST', 'regression file names no rule or no test', []);
    return [];
  }
  return entries.flatMap((entry: unknown, position): RuleTestCase[] => {
    const path = isMapping(entry) ? entry['path'] : undefined;
    if (!isMapping(entry) || typeof path !== 'string') {
      reporter.error('SIGMA_BAD_TEST', 'regression test has no path', ['regression_tests_info', position]);
      return [];
    }
    const count = Number(entry['match_count'] ?? 1);
    return [
      {
        name: String(entry['name'] ?? `test ${position + 1}`),
        file,
        line: reporter.span(['regression_tests_info', position]).line ?? 1,
        events: [],
        eventsFile: (path.split('/').at(-1) ?? '').replace(/\.evtx$/i, '.json'),
        match: ids.map((rule) => ({ rule, least: count, most: Number.POSITIVE_INFINITY })),
        noMatch: [],
        nothingElse: false,
      },
    ];
  });
}

export interface RuleTestFailure {
  readonly kind: 'unknown' | 'missed' | 'unexpected' | 'count';
  /** As the test names it. */
  readonly rule: string;
  readonly message: string;
}

/** A rule as tests see it: by id or by title, with the number of its matches on the test's events. */
export interface JudgedRule {
  readonly id: string;
  readonly name: string;
  readonly matches: number;
}

/** What is not as expected; `rules`: all loaded rules. */
export function judgeRuleTest(test: RuleTestCase, rules: readonly JudgedRule[]): RuleTestFailure[] {
  const failures: RuleTestFailure[] = [];
  const named = (name: string): readonly JudgedRule[] => rules.filter((rule) => rule.id === name || rule.name === name);
  const fail = (kind: RuleTestFailure['kind'], rule: string, message: string): void => {
    failures.push({ kind, rule, message });
  };
  for (const rule of [...test.match.map((expected) => expected.rule), ...test.noMatch])
    if (named(rule).length === 0) {
      const near = suggestion(
        rule,
        rules.flatMap(({ id, name }) => [id, name]),
      );
      fail('unknown', rule, `rule "${rule}" is not loaded${near}`);
    }
  for (const { rule, least, most } of test.match) {
    const found = named(rule);
    const count = found.reduce((sum, { matches }) => sum + matches, 0);
    if (found.length === 0 || (count >= least && count <= most)) continue;
    const wanted = most === least ? String(least) : `at least ${least}`;
    if (count === 0) fail('missed', rule, `rule "${rule}" does not match`);
    else fail('count', rule, `rule "${rule}" matches ${times(count)}, expected ${wanted}`);
  }
  for (const rule of test.noMatch)
    if (named(rule).some(({ matches }) => matches > 0)) fail('unexpected', rule, `rule "${rule}" matches`);
  if (test.nothingElse) {
    const expected = new Set(test.match.flatMap(({ rule }) => named(rule).map(({ id }) => id)));
    for (const { id, name, matches } of rules)
      if (matches > 0 && !expected.has(id)) fail('unexpected', id, `rule "${name}" matches, which nothing expects`);
  }
  return failures;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
