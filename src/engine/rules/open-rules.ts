/**
 * OpenRules: which rules a thread without process memory must leave to the one that has it. A rule is open for an event when it uses a
 * field that remembered processes may answer and the event lacks it: everything else about the event decides nothing then. The fields
 * of ancestors are asked of every event about a process; own fields only of starts that are told in several records (audit).
 */
import { ruleOf } from '../../core/rule-candidate.ts';
import type { RuleEvent } from '../../core/rule-event.ts';
import { type EventSource, admits } from '../../core/event-source.ts';
import { hasField } from '../../core/field-path.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { fieldNamesOf } from '../../match/rule-fields.ts';
import type { ProcessContext } from '../state/process-context.ts';

/** Log sources that are remembered; names in them are log content. */
const MAX_SOURCES = 2048;

export class OpenRules {
  readonly #rules: readonly DetectionRule[];
  /** By position of the rule: the names it asks others for. Rules that ask for none are absent. */
  readonly #ofAncestors = new Map<number, readonly string[]>();
  readonly #ofAudit = new Map<number, readonly string[]>();
  readonly #bySource = new Map<string, readonly number[]>();

  constructor(rules: readonly DetectionRule[], { names, parentNames }: Pick<ProcessContext, 'names' | 'parentNames'>) {
    this.#rules = rules;
    for (const [position, rule] of rules.entries()) {
      const asked = fieldNamesOf(rule).filter((name) => names.has(name));
      if (asked.length === 0) continue;
      this.#ofAudit.set(position, asked);
      const ofAncestors = asked.filter((name) => parentNames.has(name));
      if (ofAncestors.length > 0) this.#ofAncestors.set(position, ofAncestors);
    }
  }

  /** Positions of the open rules among the candidates (absent: among all that the source admits), ascending. */
  of(
    view: RuleEvent,
    source: EventSource,
    process: object | 'audit',
    candidates?: Iterable<number>,
  ): readonly number[] {
    const asked = process === 'audit' ? this.#ofAudit : this.#ofAncestors;
    if (asked.size === 0) return NONE;
    let open: number[] | undefined;
    for (const candidate of candidates ?? this.#admitted(source)) {
      const position = ruleOf(candidate);
      const names = asked.get(position);
      if (names === undefined || names.every((name) => isOwn(view, name))) continue;
      if (open === undefined) open = [position];
      else open.push(position);
    }
    return open?.sort((a, b) => a - b) ?? NONE;
  }

  #admitted(source: EventSource): readonly number[] {
    let positions = this.#bySource.get(source.key);
    if (positions === undefined) {
      positions = [...this.#ofAudit.keys()].filter((position) =>
        admits((this.#rules[position] as DetectionRule).logsource, source),
      );
      if (this.#bySource.size >= MAX_SOURCES) this.#bySource.clear();
      this.#bySource.set(source.key, positions);
    }
    return positions;
  }
}

/** The event answers the field itself, under its own name or the one of its log. */
function isOwn({ base, aliases }: RuleEvent, name: string): boolean {
  return hasField(base, name) || aliases?.get(name)?.some((from) => Object.hasOwn(base, from)) === true;
}

const NONE: readonly never[] = Object.freeze([]);
