/**
 * What a correlation's alert says of the events behind it: its id, which names all of them, and their texts as JSON. An alert has some
 * dozens of them, so each is written from its own few parts, without the objects of the record in between.
 */
import type { Event } from '../core/event.ts';
import { jsonLine, jsonText } from '../core/json-text.ts';
import type { RuleMatch } from '../core/match.ts';
import { isShort } from '../core/text-limit.ts';
import { eventKey, severalAlertId } from './alert-id.ts';
import { MAX_HITS, MAX_KEY_BYTES, MAX_TEXT_BYTES } from './build-alert.ts';
import { rfc3339 } from './rfc3339.ts';

export class SeveralEvents {
  readonly #match: RuleMatch;
  /** The event that the alert is about. */
  readonly #event: Event;
  #keys: readonly string[] | undefined;
  #id: string | undefined;

  /** Neither the match nor its list of events may change afterwards. */
  constructor(match: RuleMatch, event: Event) {
    this.#match = match;
    this.#event = event;
  }

  /** As `alertId`. `rule`: the key of the rule. */
  id(rule: string): string {
    this.#id ??= severalAlertId(
      rule,
      this.#eventKeys.length === 0 ? [eventKey(this.#event)] : this.#eventKeys,
      this.#match.group,
    );
    return this.#id;
  }

  /** Members of `event` with a comma in front: times of the first and the last. */
  get span(): string {
    const { events = [] } = this.#match;
    if (events.length === 0) return '';
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { timeMs } of events) {
      first = Math.min(first, timeMs);
      last = Math.max(last, timeMs);
    }
    return `,"start":"${rfc3339(first)}","end":"${rfc3339(last)}"`;
  }

  /** Members of `flint` with a comma in front; undefined where a text must be cut. */
  get json(): string | undefined {
    const { group, count, unconfirmed } = this.#match;
    const events = this.#eventsJson();
    if (events === undefined || (group !== undefined && !isWholeGroup(group))) return undefined;
    let json = events;
    if (group !== undefined) json += `,"group":${jsonLine(group)}`;
    if (count !== undefined) json += `,"count":${count}`;
    return unconfirmed === true ? `${json},"unconfirmed":true` : json;
  }

  /** The newest, oldest first; `id` covers all of them. */
  #eventsJson(): string | undefined {
    const { events = [] } = this.#match;
    if (events.length === 0) return '';
    const keys = this.#eventKeys;
    const first = Math.max(0, events.length - MAX_HITS);
    let json = ',"events":[';
    for (let i = first; i < events.length; i++) {
      const { timeMs, original } = events[i] as Event;
      const key = keys[i] as string;
      if (!isShort(original, MAX_TEXT_BYTES) || !isShort(key, MAX_TEXT_BYTES)) return undefined;
      json += `${i === first ? '' : ','}{"@timestamp":"${rfc3339(timeMs)}","id":${jsonText(key)}`;
      json += original === '' ? '}' : `,"original":${jsonText(original)}}`;
    }
    return `${json}]`;
  }

  /** In the order of the events. */
  get #eventKeys(): readonly string[] {
    this.#keys ??= (this.#match.events ?? []).map(eventKey);
    return this.#keys;
  }
}

function isWholeGroup(group: Readonly<Record<string, string>>): boolean {
  return Object.entries(group).every(([name, value]) => isShort(name, MAX_KEY_BYTES) && isShort(value, MAX_TEXT_BYTES));
}
