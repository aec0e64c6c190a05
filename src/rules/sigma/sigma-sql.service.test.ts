/**
 * Rules as SQL on DuckDB, against Flint itself: the conformance cases, values that try to break out, and every SigmaHQ rule for process
 * creation on the recorded events. Fields stand under the names that rules use, as the engine sees them.
 */
import { readFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EventObject } from '../../core/event.ts';
import { createEventRecogniser } from '../../fields/mapping/recognise.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { duckdb } from '../../match/sql/duckdb.ts';
import { selectSql } from '../../match/sql/predicate-sql.ts';
import { SqlRefusal } from '../../match/sql/sql-dialect.ts';
import { evaluate } from '../../match/interpreter.ts';
import { regexProblem } from '../../match/regex.ts';
import { RuleMatcher } from '../../match/rule-matcher.ts';
import { eventSubject } from '../../match/subject.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { activeRuleFiles, eventFile } from '../../testing/sigma-corpus.ts';
import { installSqlEngine, runSql } from '../../testing/sql-peer.ts';
import { loadSigma } from './load.ts';

const missing = installSqlEngine('duckdb', '2.0.0');
const TABLE = { table: 'events', column: 'event', select: ['n'] };
const CASES = ['sigma', 'conformance-cases.ndjson'] as const;
const EVENTS = ['events', 'attack-mix.ndjson.gz'] as const;

interface YamlCase {
  readonly title: string;
  readonly rule: unknown;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly placeholders?: unknown;
  readonly match?: readonly EventObject[];
  readonly no_match?: readonly EventObject[];
  readonly refused?: boolean;
}

/** Per rule the positions that DuckDB selects, or why there is no query. */
function selected(
  rules: readonly DetectionRule[],
  events: readonly EventObject[],
): readonly (readonly number[] | string)[] {
  const queries = rules.map(({ predicate }) => {
    try {
      return selectSql(predicate, duckdb, TABLE);
    } catch (error) {
      if (!(error instanceof SqlRefusal)) throw error;
      return error.message;
    }
  });
  const texts = queries.flatMap((query) => (typeof query === 'string' ? [] : [query]));
  const setup = [...new Set(texts.flatMap(({ functions }) => [...functions]))].map((name) => duckdb.create(name));
  const answers = runSql(
    'duckdb',
    events.map((event) => JSON.stringify(event)),
    texts.map(({ text }) => text),
    setup,
  );
  let next = 0;
  return queries.map((query) => {
    if (typeof query === 'string') return query;
    const { rows, error } = answers[next++] ?? {};
    return rows ?? `failed: ${error}`;
  });
}

describe.skipIf(missing !== '')(`rules on DuckDB ${missing}`, () => {
  it.skipIf(!hasSharedData(...CASES))(`answer the conformance cases ${sharedDataMissing(...CASES)}`, () => {
    interface Case {
      readonly id: number;
      readonly detection: unknown;
      readonly event?: EventObject;
      readonly expect: boolean | 'error';
    }
    const cases = readFileSync(sharedData(...CASES), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Case)
      .filter((one) => one.expect !== 'error');
    const rules = cases.map(({ id, detection }) => {
      const rule = { title: `case ${id}`, logsource: { category: 'test' }, detection };
      return loadSigma([{ path: 'case.yml', text: dump(rule) }], { regexProblem }).detections[0] as DetectionRule;
    });
    const answers = selected(
      rules,
      cases.map(({ event }) => event ?? {}),
    );
    const wrong = cases.flatMap(({ id, expect: wanted }, i) => {
      const rows = answers[i];
      return typeof rows === 'object' && rows.includes(i) === wanted ? [] : [`case ${id}: ${rows}`];
    });
    expect(cases.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it('answer the cases of conformance/sigma/cases.yaml, each on the events of all', () => {
    const source = new URL('../../../conformance/sigma/cases.yaml', import.meta.url);
    const groups = parse(readFileSync(source, 'utf8')) as Record<string, readonly YamlCase[]>;
    const cases = Object.values(groups)
      .flat()
      .filter(({ refused, placeholders }) => refused !== true && placeholders === undefined);
    const rules = cases.map(({ title, rule, more }) => {
      const isSection = typeof rule === 'object' && rule !== null && Object.hasOwn(rule, 'condition');
      const detection = isSection ? rule : { sel: rule, condition: 'sel' };
      const text = dump({ title, logsource: { category: 'test' }, ...more, detection });
      return loadSigma([{ path: 'case.yml', text }], { regexProblem }).detections[0] as DetectionRule;
    });
    const events = cases.flatMap(({ match = [], no_match: none = [] }) => [...match, ...none]);
    const answers = selected(rules, events);
    const wrong = rules.flatMap(({ details, predicate }, i) => {
      const wanted = events.flatMap((event, n) => (evaluate(predicate, eventSubject(event)) ? [n] : []));
      return JSON.stringify(answers[i]) === JSON.stringify(wanted)
        ? []
        : [
            `${details.name}: ${typeof answers[i] === 'string' ? answers[i] : events.filter((_, n) => wanted.includes(n) !== (answers[i] as readonly number[]).includes(n)).map((event) => JSON.stringify(event))}`,
          ];
    });
    expect(cases.length).toBeGreaterThan(200);
    expect(wrong).toEqual([]);
  });

  it('find hostile values and nothing else, and leave the table standing', () => {
    const hostile = [
      "'; DROP TABLE events; --",
      "\\'; DROP TABLE events; --",
      '"; DROP TABLE events; --',
      "x' OR '1'='1",
    ];
    const rules = hostile.flatMap((value) => {
      const rule = {
        title: value,
        logsource: { category: 'test' },
        detection: { sel: { f: value }, condition: 'sel' },
      };
      return loadSigma([{ path: 'case.yml', text: dump(rule) }], { regexProblem }).detections;
    });
    const events = hostile.map((value) => ({ f: value }));
    const wanted = rules.map(({ predicate }) =>
      events.flatMap((event, n) => (evaluate(predicate, eventSubject(event)) ? [n] : [])),
    );
    expect(selected(rules, events)).toEqual(wanted);
    expect(wanted.flat()).toEqual([0, 1, 2, 3]);
  });

  it.skipIf(!hasSharedData(...EVENTS))(
    `select what Flint matches, for all rules of process creation ${sharedDataMissing(...EVENTS)}`,
    () => {
      const recogniser = createEventRecogniser();
      const seen = [...eventFile('attack-mix').events, ...eventFile('background-contiguous').events].flatMap(
        (event) => {
          const recognised = recogniser.recognise(event);
          return recognised?.source.categories.includes('process_creation') === true ? [recognised] : [];
        },
      );
      const rules = loadSigma(activeRuleFiles(), { regexProblem }).detections.filter(
        ({ logsource }) => logsource.product === 'windows' && logsource.category === 'process_creation',
      );
      const matcher = new RuleMatcher(rules);
      const wanted = rules.map((): number[] => []);
      for (const [n, { event, source }] of seen.entries())
        for (const rule of matcher.match(event, source)) wanted[rule]?.push(n);
      const answers = selected(
        rules,
        seen.map(({ event }) => event.fields),
      );
      const wrong = rules.flatMap(({ details }, i) =>
        JSON.stringify(answers[i]) === JSON.stringify(wanted[i])
          ? []
          : [`${details.name}: ${answers[i]}, not ${wanted[i]}`],
      );
      expect(rules.length).toBeGreaterThan(1400);
      expect(seen.length).toBeGreaterThan(500);
      expect(wanted.flat().length).toBeGreaterThan(100);
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});
