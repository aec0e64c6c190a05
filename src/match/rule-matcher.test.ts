/** SigmaHQ's rules on real events: the regression cases, and the events with an independent evaluator's matches. */
import { describe, expect, it } from 'vitest';
import { createEventRecogniser } from '../fields/mapping/recognise.ts';
import { loadSigma } from '../rules/sigma/load.ts';
import { hasSharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { activeRuleFiles, eventFile, regressionCases } from '../testing/sigma-corpus.ts';
import { evaluate } from './interpreter.ts';
import { regexProblem } from './regex.ts';
import { RuleMatcher } from './rule-matcher.ts';
import { eventSubject } from './subject.ts';

const present = hasSharedData('sigma', 'sigma-rules.tar.gz') && hasSharedData('events');

describe.skipIf(!present)(`SigmaHQ rules on real events ${sharedDataMissing('sigma', 'sigma-rules.tar.gz')}`, () => {
  const files = present ? activeRuleFiles() : [];
  const rules = loadSigma(files, { regexProblem });
  const matcher = new RuleMatcher(rules.detections);
  const recogniser = createEventRecogniser();
  const idsOf = (matches: readonly number[]): string[] =>
    matches.map((index) => matcher.rules[index]?.details.id ?? '').sort();

  it('all load: 3,780, of which 25 ask for placeholders', () => {
    const errors = rules.diagnostics.filter(({ severity }) => severity === 'error');
    expect(files.length).toBe(3780);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['SIGMA_UNRESOLVED_PLACEHOLDER']));
    const names = errors.flatMap(({ message }) =>
      [...message.matchAll(/%([^%]+)%/g)].map((match) => match[1] as string),
    );
    const placeholders = new Map(names.map((name) => [name, ['some-value']]));
    const filled = loadSigma(files, { regexProblem, placeholders });
    expect(filled.detections.length).toBe(3780);
    expect(errors.length).toBe(25);
  });

  it('meet the lower bound in all 121 regression cases, and the reference event by event', () => {
    const cases = regressionCases();
    expect(cases.length).toBe(121);
    for (const { ruleId, rulePath, matchCount, events, referenceRulesPerEvent } of cases) {
      const found = events.map((event) => {
        const recognised = recogniser.recognise(event);
        return recognised === undefined ? [] : idsOf(matcher.match(recognised.event, recognised.source));
      });
      expect(found.filter((ids) => ids.includes(ruleId)).length, rulePath).toBeGreaterThanOrEqual(matchCount ?? 1);
      expect(found, rulePath).toEqual(referenceRulesPerEvent.map((ids) => [...ids].sort()));
    }
  });

  it('find all the reference finds in the attack scenarios, and beyond it only what docs/sigma.md explains', () => {
    const { events, reference } = eventFile('attack-mix');
    const extra = new Map<string, number>();
    for (const [index, event] of events.entries()) {
      const recognised = recogniser.recognise(event);
      expect(recognised).toBeDefined();
      if (recognised === undefined) continue;
      const ids = idsOf(matcher.match(recognised.event, recognised.source));
      const expected = reference.get(index + 1) ?? [];
      expect(ids, `line ${index + 1}`).toEqual(expect.arrayContaining([...expected]));
      for (const id of ids) if (!expected.includes(id)) extra.set(id, (extra.get(id) ?? 0) + 1);
    }
    expect(Object.fromEntries(extra)).toEqual({
      // Provider_Name is SourceName in these events; the reference evaluator does not know it.
      '100ef69e-3327-481c-8e5c-6d80d9507556': 17,
      'd99b79d2-0a6f-4f46-ad8b-260b6e17f982': 14,
      '1d61f71d-59d2-479e-9562-4ff5f4ead16b': 1,
      '42c575ea-e41e-41f1-b248-8093c3e82a28': 1,
      '5a105d34-05fc-401e-8553-272b45c1522d': 1,
      '70f00d10-60b2-4f34-b9a0-dc3df3fe762a': 1,
      'a2e5019d-a658-4c6a-92bf-7197b54e2cae': 1,
      'f512acbf-e662-4903-843e-97ce4652b740': 2,
      // Security 4688: MandatoryLabel is IntegrityLevel, SubjectLogonId is LogonId.
      '3037d961-21e9-4732-b27a-637bcc7bf539': 12,
      'd21374ff-f574-44a7-9998-4a8c8bf33d7d': 3,
      // Security 4657 is a registry event.
      'd67572a0-e2ec-45d6-b8db-c100d14b8ef2': 2,
    });
  });

  it('find exactly what the reference finds in the unbroken background capture', () => {
    const { events, reference } = eventFile('background-contiguous');
    for (const [index, event] of events.entries()) {
      const recognised = recogniser.recognise(event);
      const ids = recognised === undefined ? [] : idsOf(matcher.match(recognised.event, recognised.source));
      expect(ids, `line ${index + 1}`).toEqual([...(reference.get(index + 1) ?? [])].sort());
    }
  });

  it('match Zeek logs with network rules only, and as the interpreter does', () => {
    const before = { ...matcher.counters };
    const { events } = eventFile('zeek-apt29-day1');
    const products = new Set<string | undefined>();
    for (const event of events) {
      const recognised = recogniser.recognise(event);
      if (recognised === undefined) continue;
      const { event: view, source } = recognised;
      const matches = matcher.match(view, source);
      for (const index of matches) products.add(matcher.rules[index]?.logsource.product);
      const subject = eventSubject(view.fields);
      const expected = matcher.rules.flatMap((rule, index) =>
        (rule.logsource.product === 'zeek' || rule.logsource.product === undefined) &&
        (rule.logsource.category === undefined || source.categories.includes(rule.logsource.category)) &&
        (rule.logsource.service === undefined || source.services.includes(rule.logsource.service)) &&
        evaluate(rule.predicate, subject)
          ? [index]
          : [],
      );
      expect(matches).toEqual(expected);
    }
    expect(products).toEqual(new Set(['zeek', undefined]));
    // The fast path ran: fewer rules were evaluated than were admitted.
    expect(matcher.counters.evaluated - before.evaluated).toBeLessThan(matcher.counters.admitted - before.admitted);
  });
});
