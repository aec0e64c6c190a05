/**
 * The reference matcher for indicators: one Map from canonical value to indicators and, for kinds that are compared with texts,
 * a plain loop over all of them. Obviously right and slow; the scanner and the exact tables are held to it
 * (docs/design/indicator-matching.md).
 */
import type { Indicator } from '../core/indicator.ts';
import { networkContains, parseNetwork } from '../core/ip-address.ts';
import type { Observable, Place } from '../core/observable.ts';
import type { Observed } from '../core/observed.ts';
import { parentDomains } from '../core/domain-name.ts';
import { comparableText, isWholeText, occursBounded } from '../core/occurrence.ts';
import { parseUrl } from '../core/web-url.ts';
import { urlMatches } from './url-relation.ts';

/** One indicator value found in an event, with one place where it stands. */
export interface IndicatorHit {
  readonly indicator: Indicator;
  readonly field: string;
  readonly seen: string;
  /** Relation and place: `exact`, `subdomain in url-host`, `network`, … */
  readonly how: string;
}

export class IndicatorOracle {
  readonly #byValue = new Map<string, Indicator[]>();
  readonly #urls: Indicator[] = [];
  readonly #networks: Indicator[] = [];
  readonly #textual: Indicator[] = [];

  constructor(indicators: Iterable<Indicator>) {
    for (const indicator of indicators) {
      if (indicator.kind === 'network') this.#networks.push(indicator);
      else if (indicator.kind === 'url' && indicator.semantics === 'host')
        this.#addValue(hostKey(indicator.value), indicator);
      else if (indicator.kind === 'url') this.#urls.push(indicator);
      else if (TEXTUAL.has(indicator.kind)) this.#textual.push(indicator);
      else this.#addValue(`${indicator.kind} ${indicator.value}`, indicator);
    }
  }

  /** Every hit, several for one indicator when its value stands in several places. */
  match(observed: Observed): IndicatorHit[] {
    const hits: IndicatorHit[] = [];
    for (const observable of observed.observables) this.#matchObservable(observable, hits);
    for (const { field, text, isLine } of observed.texts) {
      for (const indicator of this.#textual) {
        const comparable = comparableText(indicator.kind, text);
        const whole = isWholeText(comparable, indicator.value, isLine);
        const holds = BOUNDED.has(indicator.kind) ? occursBounded(comparable, indicator.value) : whole;
        if (holds)
          hits.push({ indicator, field, seen: indicator.value, how: whole && !isLine ? 'exact' : 'exact in text' });
      }
    }
    return hits;
  }

  #matchObservable(observable: Observable, hits: IndicatorHit[]): void {
    const add = (indicator: Indicator, relation: string): void => {
      hits.push({
        indicator,
        field: observable.field,
        seen: observable.seen,
        how: describeHow(relation, observable.place),
      });
    };
    for (const indicator of this.#byValue.get(`${observable.kind} ${observable.value}`) ?? []) add(indicator, 'exact');
    if (observable.kind === 'domain') {
      for (const parent of parentDomains(observable.value)) {
        for (const indicator of this.#byValue.get(`domain ${parent}`) ?? [])
          if (indicator.semantics === 'subdomain') add(indicator, 'subdomain');
      }
    }
    if (observable.kind === 'ipv4' || observable.kind === 'ipv6') {
      const address = parseNetwork(observable.value);
      for (const indicator of this.#networks) {
        const network = parseNetwork(indicator.value);
        if (address !== undefined && network !== undefined && networkContains(network, address))
          add(indicator, 'network');
      }
    }
    if (observable.kind === 'url') {
      const seen = parseUrl(observable.value);
      for (const indicator of this.#urls) {
        const wanted = parseUrl(indicator.value);
        const relation =
          seen === undefined || wanted === undefined
            ? undefined
            : urlMatches(wanted, seen, indicator.semantics, observable.place);
        if (relation !== undefined) add(indicator, relation);
      }
    }
  }

  #addValue(key: string, indicator: Indicator): void {
    const list = this.#byValue.get(key);
    if (list === undefined) this.#byValue.set(key, [indicator]);
    else list.push(indicator);
  }
}

/** `exact`, or `exact in url-host`: the relation, and the place when the token is not the whole value of a field. */
export function describeHow(relation: string, place: Place): string {
  return place === 'value' ? relation : `${relation} in ${place}`;
}

const BOUNDED = new Set<string>(['file-name', 'registry-key', 'mutex']);
const TEXTUAL = new Set<string>([...BOUNDED, 'user-agent', 'text']);

function hostKey(value: string): string {
  const host = parseUrl(value)?.host ?? value;
  if (host.includes(':')) return `ipv6 ${host}`;
  return `${/^[0-9.]+$/.test(host) ? 'ipv4' : 'domain'} ${host}`;
}
