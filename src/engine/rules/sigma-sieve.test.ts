/** The sieve on real events with all SigmaHQ rules: what it leaves to be decoded matches as everything does, and it is little. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { isCertain, isOpenToParent, ruleOf } from '../../core/rule-candidate.ts';
import { createEventRecogniser } from '../../fields/mapping/recognise.ts';
import { regexProblem } from '../../match/regex.ts';
import { RuleMatcher } from '../../match/rule-matcher.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import { hasSharedData, sharedData } from '../../testing/shared-data.ts';
import { activeRuleFiles } from '../../testing/sigma-corpus.ts';
import { WINDOWS_SHAPES } from '../../testing/windows-shapes.ts';
import { rulesOf } from './rule-filter.ts';
import { SigmaSieve } from './sigma-sieve.ts';

/** What the sieve says of each rule for the record: `certain`, `parent` for those that only the parent decides, `may`, `no`. */
function saidOf(yaml: string, record: object, derived?: ReadonlySet<string>): readonly string[] {
  const { detections } = loadSigma([{ path: 'r.yml', text: yaml }], { regexProblem });
  const sieve = new SigmaSieve(detections, { inputBytes: 1 << 16, maxDepth: 64, ...(derived && { derived }) });
  const text = Buffer.from(JSON.stringify(record));
  const result = sieve.scanRecordsIn(text, Uint32Array.of(0, text.length), 1);
  const said = result.candidateCount === 0 ? [] : [...(rulesOf(result, 0) ?? detections.keys())];
  return detections.map((_, rule) => {
    const one = said.find((candidate) => ruleOf(candidate) === rule);
    if (one === undefined) return 'no';
    return isCertain(one) ? 'certain' : isOpenToParent(one) ? 'parent' : 'may';
  });
}

function rule(detection: string): string {
  return `title: r\nlogsource: {product: windows}\ndetection:\n  a: {${detection}}\n  condition: a\n`;
}

describe('the sieve says of a rule', () => {
  const start = { EventID: 1, Channel: 'Microsoft-Windows-Sysmon/Operational', Image: 'C:\\x.exe' };

  it('whether an expression matches for certain, letter case told apart, where nothing in it is a place', () => {
    const rules = ['-k\\s\\w{1,64}(?:\\s?(?:-p|-s))?', '-K\\s', '^x -k', '-k\\s(?i:NET)'].map((source) =>
      rule(`CommandLine|re: '${source}'`),
    );
    const said = (CommandLine: string): readonly string[] => saidOf(rules.join('---\n'), { ...start, CommandLine });
    expect(said('X -k netsvcs')).toEqual(['certain', 'no', 'may', 'may']);
    expect(said('x -k\tnetsvcs')[0]).toBe('certain');
    // Beyond ASCII only the decoder tells.
    expect(said('x -k nétsvcs')[0]).toBe('may');
  });

  it('that the parent decides it only where the record has nothing for the field, in no element of an array either', () => {
    const record = {
      winlog: { event_id: '12', channel: 'Microsoft-Windows-Sysmon/Operational' },
      process: { executable: 'C:\\x.exe' },
    };
    const derived = new Set(['ParentImage']);
    const said = (process: object): readonly string[] =>
      saidOf(rule("ParentImage|endswith: 'p.exe'"), { ...record, process: { ...record.process, ...process } }, derived);
    expect(said({})).toEqual(['parent']);
    expect(said({ parent: [{ executable: 'C:\\p.exe' }] })).toEqual(['may']);
  });
});

describe.skipIf(!hasSharedData('events', 'attack-mix.ndjson.gz'))('real events (needs the shared data)', () => {
  const rules = hasSharedData('sigma', 'sigma-rules.tar.gz')
    ? loadSigma(activeRuleFiles(), { regexProblem }).detections
    : [];

  const shaped = Object.entries(WINDOWS_SHAPES).map(([shape, write]) => ({ shape, write }));

  it.each([
    { name: 'attack-mix', share: 0.12, shape: 'as it is', write: (event: EventObject): EventObject => event },
    ...shaped.map((one) => ({ name: 'background-contiguous', share: 0.02, ...one })),
    { name: 'zeek-apt29-day1', share: 0.02, shape: 'as it is', write: (event: EventObject): EventObject => event },
  ])(
    '$name, $shape: candidates match as all records do, and are at most $share of them',
    ({ name, share, write }) => {
      const records = gunzipSync(readFileSync(sharedData('events', `${name}.ndjson.gz`)))
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => write(JSON.parse(line) as EventObject));
      const data = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      const sieve = new SigmaSieve(rules, { inputBytes: data.length, maxDepth: 64 });
      const matcher = new RuleMatcher(rules);
      const recogniser = createEventRecogniser();
      const events = records.map((record) => recogniser.recognise(record));
      const expected = events.flatMap((event, i) =>
        event === undefined ? [] : matcher.match(event.event, event.source).map((rule) => `${i} ${rule}`),
      );
      sieve.input.set(data);
      const result = sieve.scanLines(data.length, true);
      const found: string[] = [];
      for (let i = 0; i < result.candidateCount; i++) {
        const record = result.ordinals[i] ?? 0;
        const event = events[record];
        if (event === undefined) continue;
        const candidates = rulesOf(result, i);
        const held =
          candidates === undefined
            ? matcher.match(event.event, event.source)
            : matcher.matchCandidates(event.event, event.source, candidates);
        for (const rule of held) found.push(`${record} ${rule}`);
      }
      expect(found).toEqual(expected);
      expect(expected.length).toBeGreaterThan(0);
      expect(result.records).toBe(events.length);
      expect(result.candidateCount).toBeLessThan(events.length * share);
      expect(sieve.counts.exact).toBeLessThan(events.length * 0.02);
      expect(sieve.ways.sieved).toBeGreaterThan(events.length * 0.98);
    },
    120_000,
  );
});
