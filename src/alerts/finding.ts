/**
 * Finding: one match of one event on its way out. The alert record is built when somebody asks for it as an object; who wants it as a
 * line of JSON gets that written directly. Both say the same.
 */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import { jsonLine } from '../core/json-text.ts';
import type { Match } from '../core/match.ts';
import { alertJson, isOfOneEvent } from './alert-json.ts';
import { type AlertOptions, buildAlert } from './build-alert.ts';
import { matchJson } from './match-json.ts';

export class Finding {
  readonly match: Match;
  readonly event: Event;
  readonly #options: AlertOptions;
  #alert: Alert | undefined;

  constructor(match: Match, event: Event, options: AlertOptions) {
    this.match = match;
    this.event = event;
    this.#options = options;
    // Of a match that stands for several events the record is built while these are what they were when it was found.
    if (!isOfOneEvent(match)) this.#alert = buildAlert(match, event, options);
  }

  get alert(): Alert {
    this.#alert ??= buildAlert(this.match, this.event, this.#options);
    return this.#alert;
  }

  /** `jsonLine` of the alert. */
  json(): string {
    return alertJson(this.match, this.event, this.#options) ?? jsonLine(this.alert);
  }

  /** What it counts as in a summary. */
  get label(): string {
    return matchJson(this.match).label;
  }
}
