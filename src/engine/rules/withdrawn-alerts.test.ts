/**
 * Alerts that a late parent takes back: what is given and not taken back while records arrive in any order is what an input with an end
 * gives, whose alerts are held back until its parents are known.
 */
import { describe, expect, it } from 'vitest';
import type { Event, EventObject } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import { Random } from '../../testing/random.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { derivedFieldNames, ProcessContext } from '../state/process-context.ts';
import { SigmaEventRules, type SigmaOutcome } from './sigma-rules.ts';

const RULES = `title: Not started by the desktop
id: c1111111-1111-4111-8111-111111111111
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: '\\whoami.exe'}
  known: {ParentImage|endswith: '\\explorer.exe'}
  condition: s and not known
---
title: Nothing of the desktop above it
id: c2222222-2222-4222-8222-222222222222
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: '\\whoami.exe'}
  known: {AncestorImage|endswith: '\\explorer.exe'}
  condition: s and not known
---
title: Below a shell
id: c3333333-3333-4333-8333-333333333333
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\whoami.exe', ParentImage|endswith: '\\cmd.exe'}, condition: s}
`;
const { detections } = loadSigma([{ path: 'a.yml', text: RULES }], { regexProblem });

function sigma(isEnding: boolean): SigmaEventRules {
  const names = derivedFieldNames(detections, []);
  return new SigmaEventRules(detections, new ProcessContext({ names, budgetBytes: 1 << 26 }), isEnding);
}

function start(position: number, seconds: number, pid: number, ppid: number, image: string): Event {
  const fields: EventObject = {
    ...{ Channel: 'Security', EventID: 4688, Hostname: 'w', NewProcessName: `C:\\Windows\\${image}` },
    ...{ NewProcessId: `0x${pid.toString(16)}`, ProcessId: `0x${ppid.toString(16)}` },
  };
  const source = { input: 'i', path: 'p', id: 'i', replayable: false, timezone: 'Z' };
  const origin = { source, position, line: 0, record: 0, part: 0, arrivalMs: 0 };
  return { fields, original: '', format: 'json', timeMs: seconds * 1000, timeOrigin: 'field', origin };
}

type Given = readonly [event: Event, match: RuleMatch];

function given(event: Event, { matches, late = [] }: SigmaOutcome): Given[] {
  return [
    ...late.flatMap((one) => one.matches.map((match): Given => [one.event, match])),
    ...matches.map((match): Given => [event, match]),
  ];
}

describe('an alert that was given before the parent was known', () => {
  it('is taken back once, with what is known then', () => {
    const rules = sigma(false);
    const child = start(0, 20, 8, 7, 'whoami.exe');
    expect(given(child, rules.examine(child)).map(([, match]) => match.rule.name)).toHaveLength(2);
    const parent = start(1, 10, 7, 4, 'explorer.exe');
    const taken = given(parent, rules.examine(parent));
    expect(taken.map(([event, { rule, withdrawn, matched }]) => [event, rule.name, withdrawn, matched[0]])).toEqual(
      ['Not started by the desktop', 'Nothing of the desktop above it'].map((name, i) => [
        ...[child, name, true],
        {
          ...{ field: i === 0 ? 'ParentImage' : 'AncestorImage', value: 'C:\\Windows\\explorer.exe' },
          ...{ item: 'not known when the alert was given', how: 'remembered' },
        },
      ]),
    );
    const again = start(2, 5, 4, 1, 'explorer.exe');
    expect(given(again, rules.examine(again))).toEqual([]);
  });

  it('is not taken back by an input with an end, which has not given it', () => {
    const rules = sigma(true);
    const child = start(0, 20, 8, 7, 'whoami.exe');
    const parent = start(1, 10, 7, 4, 'explorer.exe');
    expect([...given(child, rules.examine(child)), ...given(parent, rules.examine(parent))]).toEqual([]);
    expect(rules.end()).toEqual([]);
  });

  it('stands in the end where it stands when alerts are held back, whatever the order of arrival', () => {
    const seed = testSeed();
    const random = new Random(seed);
    let withdrawn = 0;
    for (let round = 0; round < testRounds(150, 3000); round++) {
      const images = ['whoami.exe', 'explorer.exe', 'cmd.exe', 'svchost.exe'];
      // Each has an id of its own, and its parent started before it.
      const events = Array.from({ length: 8 }, (_, i) =>
        start(i, 10 * i, i + 1, i === 0 ? 99 : 1 + random.int(i), random.pick(images)),
      );
      const order = events.map((event) => ({ event, at: random.int(1000) })).sort((a, b) => a.at - b.at);
      const stands = (rules: SigmaEventRules): string[] => {
        const standing = new Set<string>();
        const all = order.flatMap(({ event }) => given(event, rules.examine(event)));
        const rest = rules.end().flatMap((one) => one.matches.map((match): Given => [one.event, match]));
        for (const [event, match] of [...all, ...rest]) {
          const key = `${event.origin.position} ${match.rule.name}`;
          if (match.withdrawn === true) withdrawn++;
          expect(standing.has(key), `FLINT_SEED=${seed}: ${key}`).toBe(match.withdrawn === true);
          if (match.withdrawn === true) standing.delete(key);
          else standing.add(key);
        }
        return [...standing].sort();
      };
      expect(stands(sigma(false)), `FLINT_SEED=${seed}`).toEqual(stands(sigma(true)));
    }
    expect(withdrawn).toBeGreaterThan(20);
  });
});
