/**
 * The two halves of matching on two threads say what matching on one thread says: over random logs of processes and of audit records
 * whose numbers come again and again on few machines, in several files that overlap in time.
 */
import { expect, it } from 'vitest';
import type { Event, EventObject } from '../../core/event.ts';
import { AUDIT_RULES, auditLog, PROCESS_RULES, processLog } from '../../testing/process-log.ts';
import { Random } from '../../testing/random.ts';
import { loadConfig } from '../config/load-config.ts';
import { EventRules } from './event-rules.ts';
import { readSigmaTexts, type RuleTexts } from './rule-texts.ts';
import { testRounds } from '../../testing/test-runs.ts';

const ROUNDS = testRounds(4, 100);
const FILES = 3;
const LINES = 250;
const SEED = { lo: 1, hi: 2 };

const { config } = loadConfig({}, {});
const texts: RuleTexts = {
  ...readSigmaTexts(config, [{ path: 'rules.yml', text: `${PROCESS_RULES}---\n${AUDIT_RULES}` }]).texts,
  ...{ patterns: [], stixMappings: [], patternGroupBy: [], flux: [], fluxMemory: config.flux_memory },
  correlationMemory: config.correlation_memory,
  ...{ lateness: { latenessMs: 60_000 }, processMemory: config.process_memory, mode: 'ordered' },
};

function eventsOf(random: Random): Event[] {
  return Array.from({ length: FILES }, (_, file) => {
    const lines = random.chance(0.7) ? auditLog(random, LINES) : processLog(random, LINES);
    const source = { input: 'file', path: `f${file}`, id: `f${file}`, replayable: true, timezone: 'Z' };
    return lines.map((original, record): Event => {
      const fields = JSON.parse(original) as EventObject;
      const timeMs = Date.parse(String(fields['@timestamp'] ?? fields['UtcTime']));
      const origin = { source, position: record, line: record + 1, record, part: 0, arrivalMs: 0 };
      return { fields, original, format: 'json', timeMs, timeOrigin: 'field', origin };
    });
  }).flat();
}

type Found = readonly (readonly [path: string, line: number, rule: string, matched: string])[];

function findings(
  rules: EventRules,
  events: readonly Event[],
  of: (event: Event) => ReturnType<EventRules['match']>,
): Found {
  const found: (readonly [string, number, string, string])[] = [];
  const add = ({ origin }: Event, matches: ReturnType<EventRules['match']>): void => {
    for (const { rule, matched } of matches)
      found.push([origin.source.path, origin.line, rule.id, JSON.stringify(matched)]);
  };
  rules.stateful?.hold(true);
  for (const event of events) {
    const matches = of(event);
    add(event, matches);
    // As alerts are made: who asks for ancestors changes nothing.
    if (matches.length > 0) rules.treeOf(event);
    for (const { event: earlier, match } of rules.drain()) {
      add(earlier, [match]);
      rules.treeOf(earlier);
    }
  }
  rules.stateful?.hold(false);
  rules.end(0);
  for (const { event, match } of rules.drain()) add(event, [match]);
  return found;
}

it('in two halves rules hold for the same events, in the same order', { timeout: 120_000 }, () => {
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const events = eventsOf(new Random(round));
    const whole = new EventRules(texts, { seed: SEED });
    const expected = findings(whole, events, (event) => whole.match(event));
    const worker = new EventRules(texts, { seed: SEED });
    const owner = new EventRules(texts, { seed: SEED });
    const halves = findings(owner, events, (event) => {
      const part = worker.prepare(event);
      return part === undefined ? [] : owner.complete(structuredClone(event), structuredClone(part));
    });
    expect(halves, `seed ${round}`).toEqual(expected);
    count += expected.length;
  }
  expect(count).toBeGreaterThan(20 * ROUNDS);
});

it('starts say the same in any order: a parent that only its child has told of is waited for, and one that speaks against', () => {
  const start = (line: number, pid: number, parent: number, image: string, told?: string): Event => {
    const ids = { NewProcessId: `0x${pid.toString(16)}`, ProcessId: `0x${parent.toString(16)}`, NewProcessName: image };
    const fields = {
      Channel: 'Security',
      EventID: 4688,
      Computer: 'pc1',
      ...ids,
      ...(told && { ParentProcessName: told }),
    };
    const source = { input: 'file', path: 'f', id: 'f', replayable: true, timezone: 'Z' };
    const origin = { source, position: line, line, record: line - 1, part: 0, arrivalMs: 0 };
    return { fields, original: '', format: 'json', timeMs: 1000 * pid, timeOrigin: 'field', origin };
  };
  const [office, shell, question] = ['C:\\winword.exe', 'C:\\cmd.exe', 'C:\\whoami.exe'] as const;
  const inOrder = [start(1, 10, 4, office), start(2, 20, 10, shell), start(3, 30, 20, question, shell)] as const;
  const held = (events: readonly Event[]): readonly string[] => {
    const rules = new EventRules(texts, { seed: SEED });
    const found = findings(rules, events, (event) => rules.match(event));
    return found.map(([, line, rule]) => `${line} ${rule[1]}`).sort();
  };
  const expected = held(inOrder);
  // Below an office program, and by a shell, not by the desktop.
  expect(expected).toEqual(expect.arrayContaining(['3 3', '3 4']));
  for (const [a, b, c] of [
    [2, 0, 1],
    [2, 1, 0],
    [1, 2, 0],
    [1, 0, 2],
    [0, 2, 1],
  ] as const) {
    expect(held([inOrder[a], inOrder[b], inOrder[c]]), `order ${a}${b}${c}`).toEqual(expected);
  }
});

it('an alert that a parent may speak against waits for it, and for the end where it does not come', () => {
  const at = (line: number, pid: number, parent: number, image: string): Event => {
    const fields = {
      ...{ Channel: 'Security', EventID: 4688, Computer: 'pc1', NewProcessName: image },
      ...{ NewProcessId: `0x${pid.toString(16)}`, ProcessId: `0x${parent.toString(16)}` },
    };
    const source = { input: 'file', path: 'f', id: 'f', replayable: true, timezone: 'Z' };
    const origin = { source, position: line, line, record: line - 1, part: 0, arrivalMs: 0 };
    return { fields, original: '', format: 'json', timeMs: 1000 * pid, timeOrigin: 'field', origin };
  };
  const question = at(1, 30, 20, 'C:\\whoami.exe');
  const desktop = at(2, 20, 4, 'C:\\explorer.exe');
  const shell = at(2, 20, 4, 'C:\\cmd.exe');
  const against = (mode: RuleTexts['mode'], events: readonly Event[]): readonly (readonly unknown[])[] => {
    const rules = new EventRules({ ...texts, mode }, { seed: SEED });
    let seen = 0;
    const told: (readonly unknown[])[] = [];
    const note = (event: Event, matches: ReturnType<EventRules['match']>): void => {
      for (const { rule, withdrawn } of matches)
        if (rule.id.startsWith('a4'))
          told.push([event.origin.line, seen, ...(withdrawn === true ? ['withdrawn'] : [])]);
    };
    for (const event of events) {
      seen++;
      note(event, rules.match(event));
      for (const { event: earlier, match } of rules.drain()) note(earlier, [match]);
    }
    seen++;
    rules.end(0);
    for (const { event, match } of rules.drain()) note(event, [match]);
    return told;
  };
  expect(against('ordered', [question, desktop])).toEqual([]);
  expect(against('ordered', [question, shell])).toEqual([[1, 2]]);
  expect(against('ordered', [question])).toEqual([[1, 2]]);
  // A service cannot wait for an end: it takes back what it gave.
  expect(against('eager', [question, desktop])).toEqual([
    [1, 1],
    [1, 2, 'withdrawn'],
  ]);
});
