/**
 * KindGroups: what the event sieve looks for in the records of a kind: the rules that its log source and event id admit, decided as far as
 * the kind does, as a group. Many kinds ask for the same and share one. A group is made anew by what was counted in records.
 */
import { admits } from '../../core/event-source.ts';
import type { LogSource } from '../../core/logsource.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Compare } from '../../ir/predicate.ts';
import { evaluate } from '../../match/interpreter.ts';
import type { FormulaAtom, RuleFormulas } from '../../match/rule-formula.ts';
import { eventSubject } from '../../match/subject.ts';
import type { EventSieve } from '../../scan/event-sieve.ts';
import type { SieveGroup } from '../../scan/sieve-group.ts';
import type { SieveKind } from '../../scan/sieve-options.ts';
import { isOfParent } from '../../state/process/process-fields.ts';
import { atOnce } from '../in-pieces.ts';
import type { MatchedSlots } from '../state/matched-slots.ts';
import type { ParentFields } from '../state/parent-verdicts.ts';
import { FED_NAMES } from '../state/process-feeder.ts';
import { type DecidedRule, type DecidingKind, SigmaDecisions } from './sigma-decisions.ts';
import { buildGroup, type KindOfRecord } from './sigma-group.ts';
import type { KindAtHand } from './telling-records.ts';

/** Of literals that are equally rare in the logs met so far, the one estimated to be rarer; hash tables before searches. */
const TIE_BREAK = 1e-3;
const SEARCH_COST = 1e-3;
/** Names of more parts are looked up in decoded records: each part may be a key of its own, or one with its neighbours. */
const MAX_SEGMENTS = 6;

/** What groups go by beside the rules, see `SigmaSieveOptions`. */
export interface KindGroupsOptions {
  readonly derived: ReadonlySet<string> | undefined;
  readonly matched: MatchedSlots | undefined;
  readonly parentFields: ParentFields;
  readonly formulas: RuleFormulas;
}

export class KindGroups {
  readonly #options: KindGroupsOptions;
  readonly #sieve: Pick<EventSieve, 'keyOf' | 'note'>;
  readonly #decisions: SigmaDecisions;
  /** Positions of rules by what they ask of a log source: there are a hundred such, not thousands. */
  readonly #bySource: readonly (readonly [LogSource, readonly number[]])[];
  /** By what is looked for. */
  readonly #groups = new Map<string, SieveKind>();
  readonly #improvements = new Map<SieveGroup, (hits: Uint32Array, records: number) => SieveGroup>();

  /** `sieve`: that numbers the paths of keys, and is told what slots mean. */
  constructor(rules: readonly DetectionRule[], options: KindGroupsOptions, sieve: Pick<EventSieve, 'keyOf' | 'note'>) {
    this.#options = options;
    this.#sieve = sieve;
    // Made when a kind of record first needs them.
    this.#decisions = new SigmaDecisions((number) => options.formulas.of((rules[number] as DetectionRule).predicate));
    this.#bySource = positionsBySource(rules);
  }

  /** Positions of the rules that correlations watch. */
  get watched(): readonly number[] {
    const { matched } = this.#options;
    if (matched === undefined) return [];
    return this.#bySource.flatMap(([, positions]) => positions.filter((position) => matched.isWatched(position)));
  }

  /** The group by what was counted in so many records. */
  improve(group: SieveGroup, hits: Uint32Array, records: number): SieveGroup {
    const improve = this.#improvements.get(group);
    this.#improvements.delete(group);
    return improve?.(hits, records) ?? group;
  }

  /** In short steps. `feeds`: its records tell of processes. */
  *of(atHand: KindAtHand, feeds: boolean): Generator<undefined, SieveKind> {
    const { recognised, view, trace } = atHand;
    const { event, source } = recognised;
    const { derived, matched: slots, parentFields } = this.#options;
    const subject = eventSubject(event.fields);
    const placesOf = remembered((field): readonly RecordPlace[] | undefined => {
      const found = field.split('.').length > MAX_SEGMENTS ? undefined : view.placesOf(field);
      // Processes that are remembered may answer what the record does not have.
      if (derived?.has(field) !== true) return found;
      return (found ?? []).some(({ path }) => trace.isPresent(path)) ? found : undefined;
    });
    const stateOf = remembered((field): ReturnType<DecidingKind['stateOf']> => {
      const places = placesOf(field);
      if (places === undefined) return derived?.has(field) && isAnsweredByParent(field, atHand) ? 'parent' : 'unknown';
      return places.every(({ path }) => trace.isTold(path)) ? 'told' : 'open';
    });
    const deciding = { stateOf, isWhole: view.isWhole, decide: (node: Compare) => evaluate(node, subject) };
    const numbers = this.#bySource.flatMap(([wanted, positions]) => (admits(wanted, source) ? positions : []));
    const rules: DecidedRule[] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      const rule = this.#decisions.decide(number, deciding);
      if (rule !== undefined) rules.push(rule);
      yield;
    }
    for (const { number, fields: asked } of derived === undefined ? [] : rules) {
      const lacking = asked.filter((field) => stateOf(field) === 'parent');
      if (lacking.length > 0) parentFields.add(number, lacking);
    }
    const fields = new Set(rules.flatMap((rule) => rule.fields));
    const places = [...fields].map((field) => [field, placesOf(field)]);
    // Records that tell of a process are decoded where a rule holds for them: what they tell is remembered.
    const isWatched = !feeds && rules.some(({ number }) => slots?.isWatched(number) === true);
    const matched = isWatched ? this.#matchedSlots(placesOf) : undefined;
    const key = JSON.stringify([feeds, rules.map(({ id }) => id), places, matched]);
    let kind = this.#groups.get(key);
    if (kind === undefined) {
      kind = yield* this.#buildGroup(rules, {
        ...{ placesOf, ...(feeds && { feeds: FED_NAMES }) },
        ...(matched !== undefined && { matched }),
      });
      this.#groups.set(key, kind);
    }
    return kind;
  }

  #matchedSlots(placesOf: KindOfRecord['placesOf']): KindOfRecord['matched'] {
    const { matched: slots } = this.#options;
    const known = slots?.meanings.length;
    const matched = slots?.slotsOf(placesOf);
    for (const meaning of slots?.meanings.slice(known) ?? []) this.#sieve.note(meaning);
    return matched;
  }

  *#buildGroup(rules: readonly DecidedRule[], kind: Omit<KindOfRecord, 'share'>): Generator<undefined, SieveKind> {
    const build = (share: KindOfRecord['share']): ReturnType<typeof buildGroup> =>
      buildGroup(rules, { ...kind, share }, { keyOf: (path) => this.#sieve.keyOf(path) });
    const built = yield* build(({ probability }) => probability);
    if (built === undefined || built === null) return built === null ? 'none' : 'exact';
    this.#improvements.set(built.group, (hits, records) => {
      const { searched } = built.group;
      const seen = new Map(
        built.atoms.map((atom, i) => [atom, searched.has(i) ? undefined : (hits[i] ?? 0) / records]),
      );
      // What was not looked for, and what is equally rare, goes by the estimate.
      const share = (atom: FormulaAtom): number => {
        const searchCost = atom.relation === 'contains' ? SEARCH_COST : 0;
        const looked = seen.get(atom);
        return looked === undefined ? atom.probability : looked + TIE_BREAK * atom.probability + searchCost;
      };
      const better = atOnce(build(share));
      return better?.group ?? built.group;
    });
    return built.group;
  }
}

/** A field of the parent for which records of the kind have places and nothing in them, in no element of an array either. */
function isAnsweredByParent(field: string, { view, trace }: KindAtHand): boolean {
  return isOfParent(field) && view.placesOf(field)?.every(({ path }) => trace.isTold(path)) === true;
}

/** Each name is asked for once. */
function remembered<T>(ask: (field: string) => T): (field: string) => T {
  const answers = new Map<string, T>();
  return (field) => {
    if (answers.has(field)) return answers.get(field) as T;
    const answer = ask(field);
    answers.set(field, answer);
    return answer;
  };
}

function positionsBySource(rules: readonly DetectionRule[]): [LogSource, number[]][] {
  const groups = new Map<string, [LogSource, number[]]>();
  for (const [number, { logsource }] of rules.entries()) {
    const { product = '\n', category = '\n', service = '\n' } = logsource;
    const key = `${product}\0${category}\0${service}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [logsource, [number]]);
    else group[1].push(number);
  }
  return [...groups.values()];
}
