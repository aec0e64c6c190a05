/**
 * One STIX pattern as the set holds it: its text with what it came with, its plan, and what follows from the plan: whether one event
 * can decide it, whether a given one does, and the match that it then makes.
 */
import type { Event } from '../../core/event.ts';
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { MatchedField, RuleDetails, RuleMatch } from '../../core/match.ts';
import { validityAt } from '../../core/validity.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { type ObservationPlan, type Observed, observedBrackets } from '../../ir/observation.ts';
import { regexProblem } from '../../match/regex.ts';
import { compilePattern } from '../../rules/pattern/compile.ts';
import { parsePattern } from '../../rules/pattern/parse.ts';
import { searchBinding } from '../../state/pattern/binding-search.ts';

export interface PatternInput {
  readonly pattern: string;
  readonly details: RuleDetails;
  readonly indicator?: IndicatorDetails;
  /** Where it came from, for diagnostics. */
  readonly file?: string;
  /** By which it is removed while events go on. */
  readonly key?: string;
  /** Name of the feed that it came in. */
  readonly feed?: string;
}

export interface CompiledPattern {
  readonly input: PatternInput;
  readonly plan: ObservationPlan;
  readonly brackets: readonly Observed[];
  /** A match may need several events. */
  readonly spansEvents: boolean;
}

export type CompiledInput =
  | {
      readonly ok: true;
      readonly pattern: CompiledPattern;
      /** Tolerated spellings and normalisations, by name, each once. */
      readonly notes: ReadonlySet<string>;
    }
  | { readonly ok: false; readonly problem: Diagnostic };

/** The pattern, or why it cannot be used. */
export function compileInput(input: PatternInput): CompiledInput {
  const file = input.file ?? input.details.id;
  const parsed = parsePattern(input.pattern, { file });
  if (!parsed.ok) return { ok: false, problem: named(parsed.diagnostic, input) };
  const compiled = compilePattern(parsed.pattern, { regexProblem, normalize: true, file });
  if (!compiled.ok) return { ok: false, problem: named(compiled.diagnostic, input) };
  const notes = new Set([...parsed.pattern.notes, ...compiled.notes]);
  return { ok: true, pattern: plannedPattern(input, compiled.plan), notes };
}

/** A pattern whose plan was made before. */
export function plannedPattern(input: PatternInput, plan: ObservationPlan): CompiledPattern {
  return { input, plan, brackets: observedBrackets(plan), spansEvents: !isDecidedByOne(plan) };
}

function named(problem: Diagnostic, { details }: PatternInput): Diagnostic {
  return { ...problem, message: `pattern of "${details.id}": ${problem.message}` };
}

/** True when no binding of the plan holds more than one event. */
function isDecidedByOne(plan: ObservationPlan): boolean {
  if (plan.kind === 'observed') return true;
  if (plan.kind === 'any') return plan.items.every(isDecidedByOne);
  if ('items' in plan || (plan.kind === 'repeats' && plan.times > 1)) return false;
  return isDecidedByOne(plan.item);
}

/** Whether one event makes the plan hold; `held`: the brackets that it satisfies, at least one. */
export function isSatisfied(plan: ObservationPlan, held: readonly Observed[], timeMs: number): boolean {
  if (plan.kind === 'observed') return true;
  const ns = BigInt(Math.round(timeMs * 1e3)) * 1_000n;
  const holds = (bracket: number): boolean => held.some((one) => one.bracket === bracket);
  return searchBinding({ plan, observations: [{ first: ns, last: ns, count: 1 }], holds }).kind === 'found';
}

export function patternMatch({ input }: CompiledPattern, event: Event, matched: readonly MatchedField[]): RuleMatch {
  const { details, indicator } = input;
  return {
    engine: 'pattern',
    rule: details,
    matched,
    ...(indicator === undefined ? {} : { indicator, validity: validityAt(indicator, event.timeMs) }),
  };
}
