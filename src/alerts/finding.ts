/**
 * Finding: one match of one event on its way out. The alert record is built when somebody asks for it as an object; who wants it as a
 * line of JSON gets that written directly. Both say the same.
 */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import { joinedPieces, type JsonPiece, jsonLine } from '../core/json-text.ts';
import type { Match } from '../core/match.ts';
import { cutUtf8, wellFormed } from '../core/text-limit.ts';
import { alertId, ruleKey } from './alert-id.ts';
import { type AlertParts, alertParts, numbersJson } from './alert-json.ts';
import { type AlertOptions, buildAlert, MAX_TEXT_BYTES } from './build-alert.ts';
import { EventTexts } from './event-texts.ts';
import { findingLabel } from './finding-label.ts';
import type { FoundAlert } from './found-alert.ts';
import { isOfOneEvent } from './match-json.ts';
import { SeveralEvents } from './several-events.ts';

export class Finding implements FoundAlert {
  readonly match: Match;
  readonly event: Event;
  readonly #options: AlertOptions;
  #alert: Alert | undefined;
  readonly #texts: EventTexts;
  /** Of a correlation: what is said of the events behind it. */
  readonly #several: SeveralEvents | undefined;

  /** `texts`: of the event with the tree of the options, for all its findings. */
  constructor(match: Match, event: Event, options: AlertOptions, texts = new EventTexts(event, options.tree)) {
    this.#texts = texts;
    this.match = match;
    this.event = event;
    this.#options = options;
    if (isOfOneEvent(match)) return;
    // The list of a correlation is its match's own; of others the record is built while events are what they were when it was found.
    if (match.engine === 'correlation') this.#several = new SeveralEvents(match, event);
    else this.#alert = buildAlert(match, event, options);
  }

  get alert(): Alert {
    this.#alert ??= buildAlert(this.match, this.event, this.#options);
    return this.#alert;
  }

  get id(): string {
    return this.#several?.id(this.ruleKey) ?? this.#alert?.event.id ?? alertId(this.match, this.event);
  }

  get ruleKey(): string {
    return ruleKey(this.match);
  }

  get label(): string {
    return findingLabel(this.match);
  }

  get where(): string {
    const { places } = this.#texts;
    const named = places.get('host.name') ?? places.get('source.ip');
    // As the record has it.
    return named === undefined ? this.event.origin.source.input : wellFormed(cutUtf8(String(named), MAX_TEXT_BYTES));
  }

  get isWithdrawal(): boolean {
    return this.match.engine !== 'indicator' && this.match.withdrawn === true;
  }

  get timeMs(): number {
    return this.event.timeMs;
  }

  get textLength(): number {
    return this.#options.keepOriginal ? this.event.original.length : 0;
  }

  json(): string {
    return joinedPieces(this.pieces());
  }

  pieces(): readonly JsonPiece[] {
    const parts = this.parts();
    if (parts === undefined) return [jsonLine(this.alert)];
    const { line, record } = this.event.origin;
    return [...parts.head, numbersJson(line, record) + parts.tail];
  }

  /** The line without the numbers of the record in its source; undefined where the record must be built. */
  parts(): AlertParts | undefined {
    return alertParts(this.match, this.event, this.#options, this.#texts, this.#several);
  }
}
