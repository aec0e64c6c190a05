/**
 * ProcessContext: the memory of processes beside the rules. Each event is shown to it before its rules are tried: starts and exits are
 * remembered, and rules get an event whose parent fields are answered from memory where its log has none. An event that asked for
 * a parent nobody has told of yet waits for that parent, and is tried again when its start arrives late: alerts are added then, those
 * given are taken back where what is known by now speaks against them (at a finite input they are held back instead).
 */
import type { Event, EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import type { ProcessTree } from '../../core/process-tree.ts';
import { derivedEvent, type RuleEvent } from '../../core/rule-event.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { fieldNamesOf } from '../../match/rule-fields.ts';
import type { EventArchive } from '../../state/event-log.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { processPart } from './process-part.ts';
import { sourceHost } from './source-host.ts';
import { AuditAssembler } from '../../state/process/audit-assembler.ts';
import {
  PROCESS_PROPERTIES,
  type ProcessEvent,
  processEventOf,
  type ToldTime,
  toldOf,
} from '../../state/process/process-event.ts';
import type { HostRestart } from '../../state/process/host-restart.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import { DERIVED_PROCESS_FIELDS, ProcessFields, processTreeOf } from '../../state/process/process-fields.ts';
import { DEFAULT_PROCESS_OPTIONS, ProcessMemory } from '../../state/process/process-memory.ts';
import type { TextSeed } from '../../state/process/text-hashes.ts';

/** An event that waits for the start of an ancestor. */
export interface LateEvent {
  readonly event: Event;
  /** Ids of the rules that held for it so far. */
  readonly held: readonly string[];
  /** Of these those whose alerts are held back, because what is not known of an ancestor yet may speak against them. */
  readonly withheld?: readonly string[];
  /** Of a record of the audit log: what it said of a process when it came, together with those of its event before it. */
  readonly told?: ProcessEvent;
}

export interface ShownEvent {
  /** The event for rules. */
  readonly view: RuleEvent;
  readonly derived: ProcessFields;
  /** Earlier events whose ancestor this one told of. */
  readonly late: readonly LateEvent[];
  /** Of a start that is told in several records: the rules that held for one of them, which must not hold for another; added to. */
  readonly heldBefore?: string[];
}

export interface ProcessContextOptions {
  /** Derived fields that some rule uses. */
  readonly names: ReadonlySet<string>;
  readonly budgetBytes: number;
  /** Key of the hashes of texts; absent: a known one, for files that nobody wrote to do harm. */
  readonly seed?: TextSeed;
  /** Takes starts and exits, and events that wait. */
  readonly archive?: EventArchive;
}

/** A context for rules on the events of one file: with it they see parents as the engine would; undefined where no rule asks for any. */
export function contextForRules(rules: readonly DetectionRule[]): ProcessContext | undefined {
  const names = derivedFieldNames(rules, []);
  return names.size === 0 ? undefined : new ProcessContext({ names, budgetBytes: DEFAULT_PROCESS_OPTIONS.budgetBytes });
}

/** Fields of the rules that remembered processes can answer. */
export function derivedFieldNames(
  detections: readonly DetectionRule[],
  correlations: readonly CorrelationRule[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const rule of detections) for (const name of fieldNamesOf(rule)) names.add(name);
  for (const { groupBy, condition } of correlations)
    for (const field of [...groupBy, ...(condition.kind === 'threshold' ? condition.fields : [])])
      for (const name of [field.name, ...Object.values(field.fieldOf)]) names.add(name);
  const derived = [...names].filter((name) => DERIVED_PROCESS_FIELDS.has(name));
  // Of a start that is told in several records each answers own fields from the others.
  return new Set(derived.length === 0 ? [] : [...derived, ...PROCESS_PROPERTIES.filter((name) => names.has(name))]);
}

/** What an event costs beside its texts while it waits. */
const EVENT_BYTES = 1024;

export class ProcessContext {
  #memory: ProcessMemory<LateEvent>;
  readonly #names: ReadonlySet<string>;
  readonly #archive: EventArchive | undefined;
  #audit = new AuditAssembler();
  #part: StatefulPart;
  /** The event shown last, and what it says of a process by itself. */
  #last: { readonly event: Event; readonly process: ProcessEvent | undefined } | undefined;

  constructor({ names, archive, ...options }: ProcessContextOptions) {
    this.#archive = archive;
    this.#memory = new ProcessMemory({ ...DEFAULT_PROCESS_OPTIONS, ...options });
    this.#names = names;
    this.#part = processPart(this.#memory, this.#audit);
  }

  /** What must survive a restart. */
  get part(): StatefulPart {
    return this.#part;
  }

  /** Fields of ancestors that some rule uses. */
  get parentNames(): ReadonlySet<string> {
    return new Set([...this.#names].filter((name) => DERIVED_PROCESS_FIELDS.has(name)));
  }

  /** All fields that the context may answer for some rule: of ancestors, and own ones of starts told in several records. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  get memory(): ProcessMemory<LateEvent> {
    return this.#memory;
  }

  /** Goes on with what another context remembers: at a reload. */
  adopt(previous: ProcessContext): void {
    const { budgetBytes } = this.#memory.options;
    this.#memory = previous.#memory;
    this.#audit = previous.#audit;
    this.#part = previous.#part;
    this.#memory.changeBudget(budgetBytes);
  }

  /** Under the names of the metrics page. */
  metrics(): Readonly<Record<string, number>> {
    const { processes, bytes, evicted, waiting, waitingDropped, cutLines, restartedHosts, restartsForgotten } =
      this.#memory.counts;
    return {
      processes,
      process_bytes: bytes,
      processes_forgotten: evicted,
      process_events_waiting: waiting,
      process_events_given_up: waitingDropped,
      process_ancestors_cut: cutLines,
      restarted_hosts: restartedHosts,
      restarted_hosts_forgotten: restartsForgotten,
    };
  }

  /**
   * Remembers what the event says. Undefined when it is about no process. `view` is the event under the names of rules; `told` is what
   * the record says, where that is known.
   */
  show(event: Event, view: RuleEvent, told?: ProcessEvent | HostRestart): ShownEvent | undefined {
    const process = told ?? this.#toldOf(view.base, event);
    if (process === undefined) return undefined;
    if (process.kind !== 'activity') this.#archive?.put(event);
    if (process.kind === 'restart') {
      this.#memory.restart(process);
      return undefined;
    }
    const late = this.#memory.observe(process);
    const derived = new ProcessFields(this.#memory, view.base, process);
    const rules = this.#names.size === 0 ? view : derivedEvent(view, this.#names, (name) => derived.derived(name));
    return { view: rules, derived, late, ...this.#heldBefore(view.base, event) };
  }

  /** What a record says of a process, without any memory; `audit` where only the records of one audit event together say it. */
  told(fields: EventObject, time: ToldTime): ProcessEvent | HostRestart | 'audit' | undefined {
    return isAudit(fields) ? 'audit' : toldOf(fields, time);
  }

  /** Remembers a process without its event. Returns earlier events whose ancestor it is. */
  observe(fact: ProcessFact): readonly LateEvent[] {
    return this.#memory.observeFact(fact);
  }

  /** Keeps an event that no rule holds for yet, if an ancestor of its process is not known; as `wait`. */
  waitFor(fact: ProcessFact, eventOf: () => Event, bytes: number): readonly LateEvent[] {
    return this.#memory.waitForAncestorOf(fact, () => ({ event: eventOf(), held: [] }), EVENT_BYTES + bytes) ?? [];
  }

  /** The event again, without remembering it twice: for rules that are tried once more. */
  again(event: Event, view: RuleEvent, told?: ProcessEvent): ShownEvent | undefined {
    const process = told ?? this.#knownProcessOf(view.base, event);
    if (process === undefined) return undefined;
    const derived = new ProcessFields(this.#memory, view.base, process);
    const rules = derivedEvent(view, this.#names, (name) => derived.derived(name));
    return { view: rules, derived, late: [], ...this.#heldBefore(view.base, event) };
  }

  /**
   * To be called after the rules were tried: waits when one of them asked for what is not known yet. Returns the events that are given up for
   * it; undefined when there is nothing to wait for.
   */
  wait(
    { derived, heldBefore }: ShownEvent,
    event: Event,
    held: readonly string[],
    withheld: readonly string[] = [],
  ): readonly LateEvent[] | undefined {
    const { process } = derived;
    if (!derived.isMissing || process === undefined) return undefined;
    const item: LateEvent = {
      ...{ event, held },
      ...(withheld.length > 0 && { withheld }),
      ...(heldBefore !== undefined && { told: process }),
    };
    const givenUp = this.#memory.waitForAncestor(process, () => item, weightOf(event.fields));
    if (givenUp !== undefined) this.#archive?.put(event);
    return givenUp;
  }

  /** Those that wait, at the end of a finite input. */
  endWaiting(): readonly LateEvent[] {
    return this.#memory.endWaiting();
  }

  /** The event's process and its ancestors; undefined when it is about none, or nothing is known of them. */
  treeOf(event: Event, view: RuleEvent): ProcessTree | undefined {
    const process = this.#knownProcessOf(view.base, event);
    if (process === undefined) return undefined;
    const tree = processTreeOf(this.#memory, process);
    return tree.ancestors.length === 0 && tree.own === undefined ? undefined : tree;
  }

  #heldBefore(fields: EventObject, event: Event): Pick<ShownEvent, 'heldBefore'> {
    const heldBefore = isAudit(fields) ? this.#audit.heldOf(fields, sourceHost(event.origin.source)) : undefined;
    return heldBefore === undefined ? {} : { heldBefore };
  }

  /** Records of one audit event belong together; everything else is about a process by itself. */
  #toldOf(fields: EventObject, event: Event): ProcessEvent | HostRestart | undefined {
    if (!isAudit(fields)) {
      const told = toldOf(fields, event);
      this.#last = { event, process: told?.kind === 'restart' ? undefined : told };
      return told;
    }
    const host = sourceHost(event.origin.source);
    return this.#audit.processOf(fields, event, host) ?? this.#audit.restartOf(fields, event, host);
  }

  /** As `#toldOf`, for an event that has been shown before. */
  #knownProcessOf(fields: EventObject, event: Event): ProcessEvent | undefined {
    // Alerts ask for it right after the rules did.
    if (this.#last?.event === event) return this.#last.process;
    if (!isAudit(fields)) return processEventOf(fields, event);
    return this.#audit.knownProcessOf(fields, event, sourceHost(event.origin.source));
  }
}

function isAudit(fields: EventObject): boolean {
  return Object.hasOwn(fields, 'msg') && textOf(fields, 'msg')?.startsWith('audit(') === true;
}

function weightOf(fields: EventObject): number {
  let bytes = EVENT_BYTES;
  for (const name in fields) {
    const value = fields[name];
    bytes += name.length + (typeof value === 'string' ? value.length : 64);
  }
  return bytes;
}
