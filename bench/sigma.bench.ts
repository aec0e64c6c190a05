/**
 * Benchmark of Sigma matching: events per second with all active SigmaHQ rules on the event files of the shared data, from JSON
 * text to matches, on one core; load and compile time, memory, and growth with the number of rules (copies of the corpus with
 * altered literals beyond it). Expected match counts are asserted outside the timed parts; the reference interpreter is the naive
 * baseline. Times are processor time, garbage collection included, because other work may be running.
 *
 * Run: npx tsc -p tsconfig.json --noEmit false --outDir DIR && FLINT_SHARED_DATA=… node --expose-gc DIR/bench/sigma.bench.js
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { admits } from '../src/core/event-source.ts';
import type { EventObject } from '../src/core/event.ts';
import { createEventRecogniser } from '../src/fields/mapping/recognise.ts';
import type { DetectionRule } from '../src/ir/detection-rule.ts';
import type { Predicate, Test } from '../src/ir/predicate.ts';
import { evaluate } from '../src/match/interpreter.ts';
import { regexProblem } from '../src/match/regex.ts';
import { RuleMatcher } from '../src/match/rule-matcher.ts';
import { eventSubject } from '../src/match/subject.ts';
import { loadSigma } from '../src/rules/sigma/load.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { activeRuleFiles } from '../src/testing/sigma-corpus.ts';

const RUNS = 5;
/** Matches of all 3,755 rules that load without placeholders; see docs/sigma.md. */
const FILES = [
  { name: 'attack-mix', matches: 1013 },
  { name: 'background-contiguous', matches: 15 },
  { name: 'zeek-apt29-day1', matches: 6 },
] as const;

function processorMs(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(44)} ${text}\n`);
}

function linesOf(name: string): string[] {
  return gunzipSync(readFileSync(sharedData('events', `${name}.ndjson.gz`)))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** JSON text to number of matches. */
function matchLines(lines: readonly string[], matcher: RuleMatcher): number {
  const recogniser = createEventRecogniser();
  let matches = 0;
  for (const line of lines) {
    const recognised = recogniser.recognise(JSON.parse(line) as EventObject);
    if (recognised !== undefined) matches += matcher.match(recognised.event, recognised.source).length;
  }
  return matches;
}

function measure(label: string, lines: readonly string[], matcher: RuleMatcher, expected: number | undefined): number {
  const found = matchLines(lines, matcher);
  if (expected !== undefined && found !== expected)
    throw new Error(`${label}: ${found} matches instead of ${expected}`);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++)
    rates.push(lines.length / (processorMs(() => matchLines(lines, matcher)) / 1000));
  rates.sort((a, b) => a - b);
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  const median = rates[RUNS >> 1] ?? 0;
  const spread = `${Math.round(rates[0] ?? 0)} to ${Math.round(rates.at(-1) ?? 0)}`;
  print(
    label,
    `${Math.round(median)} events/s (${spread}), ${((median * bytes) / lines.length / 1e6).toFixed(0)} MB/s, ${found} matches`,
  );
  return median;
}

function interpreted(lines: readonly string[], rules: readonly DetectionRule[]): number {
  const recogniser = createEventRecogniser();
  let matches = 0;
  for (const line of lines) {
    const recognised = recogniser.recognise(JSON.parse(line) as EventObject);
    if (recognised === undefined) continue;
    const subject = eventSubject(recognised.event.fields);
    for (const rule of rules)
      if (admits(rule.logsource, recognised.source) && evaluate(rule.predicate, subject)) matches++;
  }
  return matches;
}

/** The corpus again with other literals, so that the copies are new rules that the same log sources have to bear. */
function altered(rule: DetectionRule, copy: number): DetectionRule {
  return {
    ...rule,
    details: { ...rule.details, id: `${rule.details.id}-${copy}` },
    predicate: alterPredicate(rule.predicate, copy),
  };
}

function alterPredicate(node: Predicate, copy: number): Predicate {
  if (node.kind === 'and' || node.kind === 'or')
    return { ...node, items: node.items.map((item) => alterPredicate(item, copy)) };
  if (node.kind === 'not') return { ...node, item: alterPredicate(node.item, copy) };
  return node.kind === 'compare' || node.kind === 'keyword' ? { ...node, test: alterTest(node.test, copy) } : node;
}

function alterTest(test: Test, copy: number): Test {
  if (test.kind === 'glob')
    return {
      ...test,
      parts: test.parts.map((part) =>
        'text' in part ? { text: `${part.text.slice(0, 2)}${copy}${part.text.slice(2)}` } : part,
      ),
    };
  if (test.kind === 'equals' && test.value.type === 'string' && test.value.value !== '')
    return { ...test, value: { type: 'string', value: `${test.value.value}${copy}` } };
  return test;
}

const [cpu] = cpus();
print('processor, runtime', `${cpu?.model ?? 'unknown'}, Node.js ${process.version}`);
const files = activeRuleFiles();
const before = heapBytes();
let rules: readonly DetectionRule[] = [];
let matcher = new RuleMatcher([]);
print(
  'load 3,780 rule files',
  `${processorMs(() => {
    rules = loadSigma(files, { regexProblem }).detections;
  }).toFixed(0)} ms`,
);
print(
  'compile',
  `${processorMs(() => {
    matcher = new RuleMatcher(rules);
  }).toFixed(0)} ms, ${rules.length} rules`,
);
for (const { name, matches } of FILES) measure(name, linesOf(name), matcher, matches);
print('memory, groups of all files built', `${((heapBytes() - before) / 1e6).toFixed(0)} MB`);
const { events, admitted, evaluated } = matcher.counters;
print('rules per event', `${(admitted / events).toFixed(0)} admitted, ${(evaluated / events).toFixed(2)} evaluated`);
const sample = linesOf('attack-mix').slice(0, 600);
const attack = linesOf('attack-mix');
const parseOnly = processorMs(() => {
  for (const line of attack) JSON.parse(line);
});
print('JSON.parse alone, attack-mix', `${((parseOnly / attack.length) * 1000).toFixed(1)} us/event`);
print(
  'reference interpreter, 600 events',
  `${Math.round(
    600 /
      (processorMs(() => {
        interpreted(sample, rules);
      }) /
        1000),
  )} events/s`,
);

const sizes = [100, 1000, rules.length, 20_000];
const many = [...rules];
for (let copy = 1; many.length < 20_000; copy++) for (const rule of rules) many.push(altered(rule, copy));
for (const size of sizes) {
  // Spread over the corpus, so that small sets hold the same kinds of rules.
  const chosen =
    size < rules.length ? rules.filter((_, index) => (index * size) % rules.length < size) : many.slice(0, size);
  measure(`attack-mix, ${chosen.length} rules`, attack, new RuleMatcher(chosen), undefined);
}
