/**
 * Runs cases.yaml: each rule alone through the loader, the interpreter and the compiled matcher; then all of them at once on all of
 * their events as files, through the engine as `flint scan` runs it, the look at raw bytes included, against the interpreter.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EventObject } from '../../src/core/event.ts';
import { eventSource } from '../../src/core/event-source.ts';
import { plainEvent } from '../../src/core/rule-event.ts';
import { buildGeneration } from '../../src/engine/build-generation.ts';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { listFiles } from '../../src/engine/files/list-files.ts';
import { scanFiles } from '../../src/engine/files/scan-files.ts';
import { evaluate } from '../../src/match/interpreter.ts';
import { regexProblem } from '../../src/match/regex.ts';
import { RuleMatcher } from '../../src/match/rule-matcher.ts';
import { eventSubject } from '../../src/match/subject.ts';
import { loadSigma, type SigmaRules } from '../../src/rules/sigma/load.ts';
import { SCAN_OPTIONS } from '../../src/testing/scan-options.ts';

interface Case {
  readonly title: string;
  /** A detection section, or one definition. */
  readonly rule: unknown;
  /** Further keys of the rule. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly placeholders?: Readonly<Record<string, readonly (string | number)[]>>;
  readonly match?: readonly EventObject[];
  readonly no_match?: readonly EventObject[];
  /** The rule has an error. */
  readonly refused?: boolean;
}

const groups = parse(readFileSync(new URL('cases.yaml', import.meta.url), 'utf8')) as Record<string, readonly Case[]>;
const cases = Object.values(groups).flat();
const SOURCE = eventSource(undefined, ['test'], []);
/** An event reports its first hundred hits. */
const RULES_AT_ONCE = 60;

function textOf({ title, rule, more }: Case): string {
  const isSection = typeof rule === 'object' && rule !== null && Object.hasOwn(rule, 'condition');
  const detection = isSection ? rule : { sel: rule, condition: 'sel' };
  return dump({ title, id: title, logsource: { category: 'test' }, ...more, detection });
}

function load(one: Case): SigmaRules {
  const placeholders = new Map(Object.entries(one.placeholders ?? {}));
  return loadSigma([{ path: 'case.yml', text: textOf(one) }], { regexProblem, placeholders });
}

describe('Sigma cases', () => {
  it('have different titles', () => expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length));

  describe.each(Object.entries(groups))('%s', (_group, members) => {
    it.each(members.filter(({ refused }) => refused === true))('refused: $title', (one) => {
      const { detections, diagnostics } = load(one);
      expect(detections).toEqual([]);
      expect(diagnostics.find(({ severity }) => severity === 'error')?.span?.line).toBeGreaterThan(0);
    });

    it.each(members.filter(({ refused }) => refused !== true))('$title', (one) => {
      const { detections, diagnostics } = load(one);
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      const [rule] = detections;
      if (rule === undefined) throw new Error('no rule');
      const matcher = new RuleMatcher(detections);
      const outcome = (event: EventObject): object => ({
        event,
        interpreted: evaluate(rule.predicate, eventSubject(event)),
        compiled: matcher.match(plainEvent(event), SOURCE).length > 0,
      });
      for (const event of one.match ?? []) expect(outcome(event)).toEqual({ event, interpreted: true, compiled: true });
      for (const event of one.no_match ?? [])
        expect(outcome(event)).toEqual({ event, interpreted: false, compiled: false });
      expect((one.match ?? []).length).toBeGreaterThan(0);
    });
  });
});

describe('Sigma cases through the engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-cases-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const loadable = cases.filter(({ refused, placeholders }) => refused !== true && placeholders === undefined);
  const events = [
    ...new Set(cases.flatMap((one) => [...(one.match ?? []), ...(one.no_match ?? [])]).map((e) => JSON.stringify(e))),
  ];
  const logs = join(folder, 'events.ndjson');
  writeFileSync(logs, `${events.join('\n')}\n`);
  const batches = Array.from({ length: Math.ceil(loadable.length / RULES_AT_ONCE) }, (_, i) =>
    loadable.slice(i * RULES_AT_ONCE, (i + 1) * RULES_AT_ONCE),
  );

  it.each(batches.map((batch, i) => [i + 1, batch] as const))(
    'batch %i, each rule on the events of all',
    async (i, batch) => {
      const rules = join(folder, `rules${i}`);
      mkdirSync(rules);
      for (const [n, one] of batch.entries()) writeFileSync(join(rules, `${n}.yml`), textOf(one));
      const generation = await buildGeneration(loadConfig({ rules: [rules] }, {}), { mode: 'scan', report: () => {} });
      const found: string[] = [];
      await scanFiles(listFiles([logs]), generation, {
        ...SCAN_OPTIONS,
        logsource: '/test/',
        onFound: async (hits) => {
          for (const { alert } of hits)
            found.push(
              `${alert.rule?.id}: ${events[alert.flint.input?.line === undefined ? -1 : alert.flint.input.line - 1]}`,
            );
        },
      });
      const wanted = batch.flatMap((one) => {
        const predicate = load(one).detections[0]?.predicate;
        return events
          .filter(
            (event) => predicate !== undefined && evaluate(predicate, eventSubject(JSON.parse(event) as EventObject)),
          )
          .map((event) => `${one.title}: ${event}`);
      });
      expect(found.sort()).toEqual(wanted.sort());
      expect(wanted.length).toBeGreaterThan(batch.length);
    },
  );
});
