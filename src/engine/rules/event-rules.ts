/**
 * All rules that events are given to: Sigma detections and correlations, flux specifications, STIX patterns that single values do not
 * decide. The texts are plain data that a thread compiles for itself; where some rule keeps state, one thread sees all events.
 */
import { randomInt } from 'node:crypto';
import type { Event } from '../../core/event.ts';
import type { LogSource } from '../../core/logsource.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { ProcessTree } from '../../core/process-tree.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { KnownFiles } from '../../rules/sigma/load.ts';
import type { IdentifierRule } from '../../rules/sigma/resolve.ts';
import type { EventRules as MatchesEvents } from '../detector.ts';
import { compilePatterns, PatternSet, type PatternSetOptions } from './pattern-set.ts';
import type { PortableLayer } from './pattern-layer.ts';
import type { MatchReader } from '../state/match-reader.ts';
import { type FedValues, ProcessFeeder } from '../state/process-feeder.ts';
import { derivedFieldNames, ProcessContext } from '../state/process-context.ts';
import { FeedRules } from './feed-rules.ts';
import { openRules, type PortableRules, portableRules, type RuleParts } from './portable-rules.ts';
import { RuleFilter, type RuleFilterOptions } from './rule-filter.ts';
import { SigmaSieve } from './sigma-sieve.ts';
import type { MatchedRecord } from '../../state/correlation/matched-record.ts';
import { RuleFormulas } from '../../match/rule-formula.ts';
import type { ScanToken } from '../../match/object-token.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import type { EventArchive, EventLog } from '../../state/event-log.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import type { WindowWatch } from '../../state/window-watch.ts';
import type { RuleTexts } from './rule-texts.ts';
import { readStixMappings } from './stix-mapping-config.ts';
import type { RulesPart } from './rules-part.ts';
import {
  type LateOutcome,
  type OpenCandidates,
  SigmaEventRules,
  type SigmaOutcome,
  type SigmaPart,
} from './sigma-rules.ts';
import { loadSigmaTexts } from './sigma-texts.ts';
import { WatchedRules } from './watched-rules.ts';
import { type Firing, fluxRuleNames, StatefulRules, type StatefulOptions } from '../state/stateful-rules.ts';

export interface EventRulesOptions {
  readonly onEvent?: StatefulOptions['onEvent'];
  /** Key of the fingerprints; random when absent. */
  readonly seed?: StatefulOptions['seed'];
  /** Where earlier events are kept beyond memory, and over restarts. */
  readonly archive?: EventArchive;
  /** Told what windows are like. */
  readonly watch?: WindowWatch;
  /** Sigma rules that were loaded before; absent: they are made of the texts. */
  readonly sigma?: PortableRules;
  /** STIX patterns that were compiled before; absent: they are made of the texts. */
  readonly patterns?: PortableLayer;
  /** False: the state of rules is kept by another thread, for which this one prepares events. Default true. */
  readonly keepsState?: boolean;
  /** Sigma rules that were parsed before. */
  readonly known?: KnownFiles;
  /** Rules of the generation before: what reads the same keeps its state, as the same object. */
  readonly previous?: EventRules;
}

/** Beyond so many literals of rules that are loaded and were, formulas are made anew. */
const MAX_LITERALS = 1_000_000;

export class EventRules implements MatchesEvents {
  readonly diagnostics: readonly Diagnostic[];
  readonly sigma: SigmaEventRules | undefined;
  /** Patterns come and go, between two batches. */
  readonly patternSet: PatternSet;
  readonly stateful: StatefulRules | undefined;
  /** Remembered processes; present when a rule asks for fields of a parent, or alerts shall show ancestors. */
  readonly processes: ProcessContext | undefined;
  /** Search identifiers that are tags of flux rules, by the id of the rule that each became. */
  readonly #identifiers: ReadonlyMap<string, IdentifierRule>;
  readonly #fromFeeds: FeedRules;
  /** Matches of events that waited for an ancestor, found by now. */
  #late: Firing[] = [];
  readonly feeder: ProcessFeeder | undefined;
  readonly #watched: WatchedRules | undefined;
  readonly #loaded: RuleParts;
  readonly #formulas: RuleFormulas;
  readonly #fluxRules: number;
  /** Set by `createFilter` where bytes tell something at all; changes of patterns change no more than what finds them. */
  #bytes: { readonly sieve: SigmaSieve | undefined; readonly decodesAll: boolean } | undefined;

  constructor(texts: RuleTexts, options: EventRulesOptions = {}) {
    const { onEvent, previous, archive, watch } = options;
    const kept = { ...(archive !== undefined && { archive }), ...(watch !== undefined && { watch }) };
    const { known } = options;
    const sigma =
      options.sigma === undefined
        ? loadSigmaTexts(texts, { identifiersOf: fluxRuleNames(texts.flux), ...(known !== undefined && { known }) })
        : { ...openRules(options.sigma), diagnostics: [] };
    this.#loaded = sigma;
    const formulas = previous === undefined ? undefined : previous.#formulas;
    // Literals of rules that are gone stay with it.
    this.#formulas = formulas !== undefined && formulas.atoms < MAX_LITERALS ? formulas : new RuleFormulas();
    this.#identifiers = new Map(sigma.identifiers.map((one) => [one.rule.details.id, one]));
    const detections = [...sigma.detections, ...sigma.identifiers.map(({ rule }) => rule)];
    this.#fromFeeds = new FeedRules(texts.sigma, [...sigma.detections, ...sigma.correlations]);
    const mappings = readStixMappings(texts.stixMappings);
    const patternOptions: PatternSetOptions = {
      mappings: mappings.mappings,
      keepsState: options.keepsState ?? true,
      ...(texts.patternGroupBy.length > 0 && { groupBy: texts.patternGroupBy }),
      stream: texts.lateness,
      ...(previous?.patterns !== undefined && { previous: previous.patterns }),
      ...kept,
    };
    const patterns =
      options.patterns === undefined
        ? compilePatterns(texts.patterns, patternOptions)
        : { set: new PatternSet(options.patterns, patternOptions), problems: [] };
    const seed = options.seed ?? randomSeed();
    const stateful = new StatefulRules(sigma.correlations, texts.flux, {
      mode: texts.mode,
      seed,
      lateness: texts.lateness,
      fluxBounds: {
        bytes: texts.fluxMemory.bytes,
        factsPerGroup: texts.fluxMemory.facts_per_group,
        waitingBytes: texts.fluxMemory.waiting_bytes,
      },
      correlationBounds: {
        budgetBytes: texts.correlationMemory.bytes,
        maxFactsPerGroup: texts.correlationMemory.matches_per_group,
      },
      ...(onEvent !== undefined && { onEvent }),
      ...(previous?.stateful !== undefined && { previous: previous.stateful }),
      ...kept,
    });
    this.diagnostics = [...sigma.diagnostics, ...mappings.diagnostics, ...patterns.problems, ...stateful.diagnostics];
    const names = derivedFieldNames(detections, sigma.correlations);
    const { mode, bytes } = texts.processMemory;
    const remembers = mode === 'on' || (mode === 'auto' && names.size > 0);
    this.processes = remembers ? new ProcessContext({ names, budgetBytes: bytes, seed, ...kept }) : undefined;
    const { processes } = this;
    this.feeder =
      processes === undefined
        ? undefined
        : new ProcessFeeder(
            () => processes.memory.table.texts,
            (ids, count) => processes.memory.table.index.touch(ids, count),
          );
    this.sigma =
      detections.length === 0 && this.processes === undefined
        ? undefined
        : new SigmaEventRules(detections, this.processes, texts.mode === 'ordered');
    this.patternSet = patterns.set;
    this.stateful = stateful.isEmpty ? undefined : stateful;
    this.#watched = WatchedRules.of(this.stateful, this.sigma, processes);
    this.#fluxRules = stateful.fluxRules;
  }

  /** Undefined while there are none. */
  get patterns(): PatternSet | undefined {
    return this.patternSet.layers.size === 0 && !this.patternSet.isStateful ? undefined : this.patternSet;
  }

  /** Loaded rules by engine; engines without rules are absent. */
  get counts(): Readonly<Record<string, number>> {
    const counts = {
      sigma: this.#loaded.detections.length,
      correlation: this.#loaded.correlations.length,
      flux: this.#fluxRules,
      pattern: this.patternSet.layers.size,
    };
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  }

  /** What the log sources of the detections are. */
  get logSources(): readonly LogSource[] {
    return this.#loaded.detections.map(({ logsource }) => logsource);
  }

  /** The Sigma rules for other threads. */
  portable(): PortableRules {
    return portableRules(this.#loaded);
  }

  get isEmpty(): boolean {
    return this.sigma === undefined && this.patterns === undefined && this.stateful === undefined;
  }

  /** Events so far that no Sigma rule was tried on. */
  get unrecognised(): number {
    return this.sigma?.counts.unrecognised ?? 0;
  }

  /** True when events must be seen in order by one thread. */
  get isStateful(): boolean {
    return this.stateful !== undefined || this.processes !== undefined || this.patterns?.isStateful === true;
  }

  /** Goes on with the processes that the rules before a reload remember. */
  adopt(previous: EventRules): void {
    if (previous.processes !== undefined) this.processes?.adopt(previous.processes);
  }

  /** What must survive a restart or a reload. */
  get parts(): readonly StatefulPart[] {
    const pattern = this.patterns?.part;
    const process = this.processes?.part;
    return [
      ...(this.stateful?.parts ?? []),
      ...(pattern === undefined ? [] : [pattern]),
      ...(process === undefined ? [] : [process]),
    ];
  }

  /**
   * What the tables of the indicator scanner must hold, so that it finds the patterns that have tokens; empty: the filter finds all patterns.
   */
  get tokens(): readonly ScanToken[] {
    return this.hasTokens ? this.patternSet.layers.tokens : [];
  }

  /** Whether there are such tokens. */
  get hasTokens(): boolean {
    // Every record is decoded then, whatever its bytes hold.
    return this.stateful?.seesEveryEvent !== true && this.patternSet.layers.hasTokens;
  }

  /** What tells from raw bytes which rules a record could concern; undefined when nothing does. */
  createFilter({ decodesAll = false, ...options }: RuleFilterOptions): RuleFilter | undefined {
    const { patterns, sigma, processes } = this;
    if (!canRunKernel()) return undefined;
    const decodes = decodesAll || this.stateful?.seesEveryEvent === true;
    // Patterns without a literal may hold for any event.
    if (
      (patterns?.layers.unwitnessed.length ?? 0) > 0 ||
      (!decodes && patterns?.layers.filters === undefined && patterns !== undefined)
    )
      return undefined;
    // Who decodes everything matches it at once.
    const { shares: _shares, follows: _follows, ...alone } = options;
    const sieve =
      sigma === undefined
        ? undefined
        : new SigmaSieve(sigma.rules, {
            ...(decodes ? alone : options),
            formulas: this.#formulas,
            ...(this.#watched !== undefined && { matched: this.#watched.slots }),
            ...(processes !== undefined && { derived: processes.parentNames }),
            parentFields: sigma.parentFields,
          });
    // What another thread has learnt of kinds is not known here.
    if (sigma !== undefined) sigma.knowsParentFields = decodes || options.follows === undefined;
    this.#bytes = { sieve, decodesAll: decodes };
    return this.filter;
  }

  /** As `createFilter`, for the patterns that there are now. */
  get filter(): RuleFilter | undefined {
    const bytes = this.#bytes;
    if (bytes === undefined || this.isEmpty) return undefined;
    const { sieve, decodesAll } = bytes;
    if (decodesAll) return sieve && new RuleFilter([], sieve, true);
    const filters = this.patterns === undefined ? [] : this.patterns.layers.filters;
    return filters && new RuleFilter(filters, sieve);
  }

  /** What tells Sigma rules from raw bytes, where something does. */
  get sieve(): SigmaSieve | undefined {
    return this.#bytes?.sieve;
  }

  /** What reads records that only correlations hear of from listed values; undefined where all that rules hold for are decoded. */
  get matchReader(): MatchReader | undefined {
    return this.#watched?.reader;
  }

  /** The log of what correlations may have to show; undefined without them. */
  get shownEvents(): EventLog | undefined {
    return this.stateful?.events;
  }

  /** Whether all these rules are for nobody but correlations; as a scan of the raw record names them. */
  areWatchedOnly(rules: OpenCandidates): boolean {
    return this.#watched?.areAll(rules) === true;
  }

  /** Takes what a match reader has read of a record that these rules hold for. True: something has fired. */
  takeRecord(record: MatchedRecord, rules: Uint32Array): boolean {
    return this.#watched?.take(record, rules) === true;
  }

  match(event: Event, candidates?: Iterable<number>): readonly RuleMatch[] {
    const sigma = this.#takeOutcome(event, this.sigma?.examine(event, candidates));
    return joined(sigma, this.patterns?.match(event) ?? NONE);
  }

  /** The half of `match` that needs no state: for a worker. Undefined when the event does not matter to anything. */
  prepare(event: Event, candidates?: Iterable<number>): RulesPart | undefined {
    const sigma = this.sigma?.prepare(event, candidates);
    const patterns = this.patterns?.examine(event) ?? NO_PATTERNS;
    const { matches, facts } = patterns;
    const matters =
      this.stateful?.seesEveryEvent === true || matches.length > 0 || facts.length > 0 || this.#matters(sigma);
    return matters ? { ...(sigma !== undefined && { sigma }), patterns } : undefined;
  }

  #matters(part: SigmaPart | undefined): boolean {
    if (part === undefined) return false;
    const { process, held, open } = part;
    if (open.length > 0 || (process !== undefined && (process === 'audit' || process.kind !== 'activity'))) return true;
    return held.some((index) => {
      const rule = this.sigma?.rules[index];
      return rule !== undefined && (rule.alerts || this.stateful?.watches(rule.details.id) === true);
    });
  }

  /** The other half, of events in their order: what `match` gives. */
  complete(event: Event, { sigma: part, patterns: { matches, facts } }: RulesPart): readonly RuleMatch[] {
    const sigma = this.#takeOutcome(event, part === undefined ? undefined : this.sigma?.complete(event, part));
    const advanced = facts.flatMap((fact) => this.patterns?.advance(fact) ?? []);
    return joined(sigma, advanced.length === 0 ? matches : [...matches, ...advanced]);
  }

  #takeOutcome(event: Event, outcome: SigmaOutcome | undefined): readonly RuleMatch[] {
    const held = outcome?.held ?? [];
    const identifiers =
      this.#identifiers.size === 0 ? [] : held.flatMap(({ details }) => this.#identifiers.get(details.id) ?? []);
    this.stateful?.observe(event, held, (outcome?.view ?? event).fields, event.origin.arrivalMs, identifiers);
    if (outcome?.late !== undefined) this.#takeLate(outcome.late, event.origin.arrivalMs);
    return this.#fromFeeds.named(outcome?.matches ?? NONE);
  }

  tell(fact: ProcessFact, arrivalMs: number): boolean {
    const late = this.sigma?.told(fact) ?? NO_OUTCOMES;
    if (late.length > 0) this.#takeLate(late, arrivalMs);
    return late.length > 0;
  }

  mayHoldByParent(fact: ProcessFact, values: FedValues): boolean {
    return this.sigma?.mayHoldByParent(fact, values) ?? true;
  }

  waitFor(fact: ProcessFact, eventOf: () => Event, bytes: number, arrivalMs: number): boolean {
    const late = this.sigma?.waitFor(fact, eventOf, bytes) ?? NO_OUTCOMES;
    if (late.length > 0) this.#takeLate(late, arrivalMs);
    return late.length > 0;
  }

  /** End of a finite input: everything open is judged. */
  end(nowMs: number): void {
    this.#takeLate(this.sigma?.end() ?? NO_OUTCOMES, nowMs);
    this.stateful?.end();
  }

  #takeLate(outcomes: readonly LateOutcome[], nowMs: number): void {
    for (const late of outcomes) {
      this.stateful?.observeHeld(late.event, late.held, late.view.fields, nowMs);
      for (const match of late.matches) this.#late.push({ event: late.event, match });
    }
  }

  flush(): void {
    this.stateful?.flush();
  }

  drain(): readonly Firing[] {
    const firings = this.stateful?.drain() ?? [];
    const late = this.#late;
    if (late.length > 0) this.#late = [];
    const all = late.length === 0 ? firings : [...late, ...firings];
    if (this.#fromFeeds.isEmpty) return all;
    return all.map(({ event, match }) => ({ event, match: this.#fromFeeds.nameOf(match) }));
  }

  /** The remembered ancestors of the event's process, for its alerts. */
  treeOf(event: Event): ProcessTree | undefined {
    const { sigma, processes } = this;
    return sigma === undefined || processes === undefined ? undefined : processes.treeOf(event, sigma.viewOf(event));
  }
}

/** A key that nobody outside knows, so that nobody can prepare values that collide. */
export function randomSeed(): StatefulOptions['seed'] {
  return { lo: randomInt(MAX_SEED), hi: randomInt(MAX_SEED) };
}

function joined(sigma: readonly RuleMatch[], patterns: readonly RuleMatch[]): readonly RuleMatch[] {
  if (patterns.length === 0) return sigma;
  return sigma.length === 0 ? patterns : [...sigma, ...patterns];
}

const NONE: readonly RuleMatch[] = Object.freeze([]);
const NO_OUTCOMES: readonly LateOutcome[] = Object.freeze([]);
const NO_PATTERNS: RulesPart['patterns'] = Object.freeze({ matches: NONE, facts: Object.freeze([]) });
/** `randomInt` gives at most 48 bits; fingerprints take 32. */
const MAX_SEED = 2 ** 32;
