/**
 * `flint pattern test`: STIX patterns against observed-data fixtures, or patterns alone for their syntax, in the two formats of
 * the vector files that docs/patterns.md describes. Expectations in the file are not read. Every comparison of a
 * pattern with a timestamp is tried on every observation, so that data which cannot be read is an error and no silent "no match".
 */
import { type EventObject, type EventValue, isEventObject } from '../../core/event.ts';
import { type ObservationPlan, observedBrackets } from '../../ir/observation.ts';
import type { Bind, Predicate } from '../../ir/predicate.ts';
import { evaluate } from '../../match/interpreter.ts';
import { objectValues } from '../../match/object-path.ts';
import { regexProblem } from '../../match/regex.ts';
import type { ObservedObject, Subject } from '../../match/subject.ts';
import { satisfies } from '../../match/value-test.ts';
import type { ParsedPattern } from '../../rules/pattern/ast.ts';
import { compilePattern } from '../../rules/pattern/compile.ts';
import { parsePattern } from '../../rules/pattern/parse.ts';
import { validatePattern } from '../../rules/pattern/validate.ts';
import { patternTests } from '../../rules/pattern/walk.ts';
import { searchBinding } from '../../state/pattern/binding-search.ts';
import { intervalsWithin, overlap } from '../../state/pattern/intervals.ts';
import { type ReadObservations, readObservations } from '../../state/pattern/observed-data.ts';

export interface MatchOutcome {
  readonly id: string;
  /** For `overlap` vectors the name of the relation; null with an error. */
  readonly result: boolean | string | null;
  readonly error: null | 'parse' | 'evaluation';
  /** What is wrong, for people. */
  readonly message?: string;
}

export interface SyntaxOutcome {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly valid: boolean;
  readonly message?: string;
}

/** What the file must be, when it is neither of the two formats. */
export const PATTERN_TEST_FORMATS =
  'expected {"fixtures": {…}, "vectors": [{"id", "pattern", "observations"}]} or [{"pattern", "spec"}]';

/** Results in the order of the file, one at a time; undefined when the document has neither format. */
export function testPatterns(document: EventValue): Iterable<MatchOutcome | SyntaxOutcome> | undefined {
  if (Array.isArray(document)) return syntaxOutcomes(document as readonly EventValue[]);
  if (!isEventObject(document) || !Array.isArray(document['vectors'])) return undefined;
  const fixtures = isEventObject(document['fixtures']) ? document['fixtures'] : {};
  return matchOutcomes(document['vectors'] as readonly EventValue[], fixtures);
}

function* syntaxOutcomes(vectors: readonly EventValue[]): Iterable<SyntaxOutcome> {
  for (const [index, vector] of vectors.entries()) {
    const { pattern, spec } = isEventObject(vector) ? vector : {};
    const parsed = parsePattern(typeof pattern === 'string' ? pattern : '', { strict: true });
    const problem = parsed.ok ? validatePattern(parsed.pattern, spec === '2.0' ? '2.0' : '2.1')[0] : parsed.diagnostic;
    yield problem === undefined ? { index, valid: true } : { index, valid: false, message: problem.message };
  }
}

function* matchOutcomes(vectors: readonly EventValue[], fixtures: EventObject): Iterable<MatchOutcome> {
  const read = new Map<string, ReadObservations>();
  for (const vector of vectors) {
    if (!isEventObject(vector)) continue;
    const id = String(vector['id'] ?? '');
    yield { id, ...(INTERVAL_TESTS.get(String(vector['kind'])) ?? matchVector)(vector, fixtures, read) };
  }
}

type Answer = Omit<MatchOutcome, 'id'>;
type Run = (vector: EventObject, fixtures: EventObject, read: Map<string, ReadObservations>) => Answer;

const INTERVAL_TESTS: ReadonlyMap<string, Run> = new Map<string, Run>([
  [
    'overlap',
    (vector) => {
      const [first1 = 0n, last1 = 0n, first2 = 0n, last2 = 0n] = integers(vector['args']);
      return { result: overlap({ first: first1, last: last1 }, { first: first2, last: last2 }), error: null };
    },
  ],
  [
    'intervals_within',
    (vector) => {
      const intervals = Array.isArray(vector['intervals']) ? (vector['intervals'] as readonly EventValue[]) : [];
      const pairs = intervals.map((pair) => integers(pair)).map(([first = 0n, last = 0n]) => ({ first, last }));
      const [duration = 0n] = integers([vector['duration'] ?? 0]);
      return { result: intervalsWithin(pairs, duration), error: null };
    },
  ],
]);

function matchVector(vector: EventObject, fixtures: EventObject, read: Map<string, ReadObservations>): Answer {
  const text = typeof vector['pattern'] === 'string' ? vector['pattern'] : '';
  const parsed = parsePattern(text, { strict: true });
  if (!parsed.ok) return failed('parse', parsed.diagnostic.message);
  const compiled = compilePattern(parsed.pattern, { regexProblem });
  if (!compiled.ok) return failed('evaluation', compiled.diagnostic.message);
  const name = String(vector['observations'] ?? '');
  const data = Object.hasOwn(fixtures, name) ? fixtures[name] : undefined;
  if (!Array.isArray(data)) return failed('evaluation', `no fixture "${name}"`);
  let observations = read.get(name);
  if (observations === undefined) {
    observations = readObservations(data as readonly EventValue[]);
    read.set(name, observations);
  }
  return observations.ok
    ? run(parsed.pattern, compiled.plan, observations)
    : failed('evaluation', observations.problem);
}

function run(
  pattern: ParsedPattern,
  plan: ObservationPlan,
  { observations }: Extract<ReadObservations, { ok: true }>,
): Answer {
  const brackets = observedBrackets(plan);
  const subjects = observations.map(({ objects }) => observationSubject(objects));
  for (const comparison of timeComparisons(pattern)) {
    const badTime = subjects.map((subject) => unreadableTime(comparison, subject)).find((value) => value !== undefined);
    if (badTime !== undefined) return failed('evaluation', `"${badTime}" in the data is no timestamp`);
  }
  const found = searchBinding({
    plan,
    observations: observations.map(({ interval }) => interval),
    holds: (bracket, index) => evaluate(brackets[bracket]?.predicate as Predicate, subjects[index] as Subject),
  });
  if (found.kind === 'undecided') return failed('evaluation', `given up after ${found.steps} steps of search`);
  return { result: found.kind === 'found', error: null };
}

function observationSubject(objects: ReadonlyMap<string, EventObject>): Subject {
  const byId = new Map<string, ObservedObject>();
  for (const [id, properties] of objects) byId.set(id, { id, type: String(properties['type']), properties });
  const all = [...byId.values()];
  return {
    fields: {},
    objects: (type) => all.filter((object) => object.type === type),
    resolve: (id) => byId.get(id),
  };
}

/** The comparisons with timestamp constants, each by itself: a plan has left out those that can never hold together. */
function timeComparisons(pattern: ParsedPattern): readonly Bind[] {
  const tests = patternTests(pattern.root).filter(({ operands }) => operands.some(({ type }) => type === 'timestamp'));
  return tests.flatMap((test) => {
    const compiled = compilePattern({ ...pattern, root: { kind: 'bracket', test } }, { regexProblem });
    const [only] = compiled.ok ? observedBrackets(compiled.plan) : [];
    return only?.predicate.kind === 'bind' ? [only.predicate] : [];
  });
}

/** The first text that meets the timestamp constant and is none; values behind one that satisfies the comparison are not asked for. */
function unreadableTime({ type, body }: Bind, subject: Subject): string | undefined {
  let bad: string | undefined;
  const noting: Subject = {
    ...subject,
    onMismatch: (reason, value) => {
      if (reason === 'not a timestamp') bad ??= String(value);
    },
  };
  if (body.kind !== 'compare' || body.path.kind !== 'object') return undefined;
  for (const root of subject.objects(type)) {
    for (const value of objectValues(root, body.path, noting)) {
      const holds = satisfies(body.test, value, noting) !== body.negate;
      if (bad !== undefined) return bad;
      if (holds) break;
    }
  }
  return undefined;
}

function integers(value: EventValue | undefined): readonly bigint[] {
  return Array.isArray(value) ? value.map((item) => BigInt(Math.trunc(Number(item)) || 0)) : [];
}

function failed(error: 'parse' | 'evaluation', message: string): Answer {
  return { result: null, error, message };
}
