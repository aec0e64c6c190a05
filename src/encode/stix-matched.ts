/**
 * What matched, as cyber observables: of an event whose fields have no place in the alert record (a value in a field of any name, a line of text) it is all
 * that is known to have been seen, and a sighting must be able to refer to it.
 */
import type { Alert } from '../core/alert.ts';
import type { MatchedField } from '../core/match.ts';
import { splitHostPort } from '../core/web-url.ts';

export interface MatchedValue {
  readonly kind:
    | 'host'
    | 'url'
    | 'email'
    | 'hash'
    | 'file-name'
    | 'registry-key'
    | 'mutex'
    | 'account'
    | 'command-line';
  readonly value: string;
}

/** By type of the indicator, in the form of the alert record. */
const OF_INDICATOR: Readonly<Record<string, MatchedValue['kind']>> = {
  'ipv4-addr': 'host',
  'ipv6-addr': 'host',
  'domain-name': 'host',
  url: 'url',
  'email-addr': 'email',
  'windows-registry-key': 'registry-key',
  mutex: 'mutex',
};
/** By path of a STIX pattern. */
const OF_PATH: readonly (readonly [RegExp, MatchedValue['kind']])[] = [
  [/^(?:ipv4-addr|ipv6-addr|domain-name):value$|_ref\.value$/, 'host'],
  [/^url:value$/, 'url'],
  [/^email-addr:value$/, 'email'],
  [/^file:name$/, 'file-name'],
  [/^file:hashes\./, 'hash'],
  [/^windows-registry-key:key$/, 'registry-key'],
  [/^mutex:name$/, 'mutex'],
  [/^user-account:account_login$/, 'account'],
  [/^process:command_line$/, 'command-line'],
];

/** Of rules whose fields have no kind of value nothing is said. */
export function matchedValues({ flint, threat }: Alert, matched: readonly MatchedField[]): readonly MatchedValue[] {
  return matched.flatMap(({ field, value }) => {
    const kind = flint.engine === 'indicator' ? ofIndicator(threat?.indicator) : ofPath(field);
    if (value === '' || kind === undefined) return [];
    return [{ kind, value: kind === 'host' ? hostOf(value) : value }];
  });
}

function ofIndicator(indicator: NonNullable<Alert['threat']>['indicator']): MatchedValue['kind'] | undefined {
  if (indicator === undefined) return undefined;
  if (indicator.type === 'file') return indicator.file?.hash === undefined ? 'file-name' : 'hash';
  return Object.hasOwn(OF_INDICATOR, indicator.type) ? OF_INDICATOR[indicator.type] : undefined;
}

function ofPath(field: string): MatchedValue['kind'] | undefined {
  return OF_PATH.find(([path]) => path.test(field))?.[1];
}

/** Without the port and the brackets of an endpoint; an IPv6 address as it is. */
function hostOf(value: string): string {
  return (splitHostPort(value)?.host ?? value).replace(/^\[(.*)\]$/, '$1');
}
