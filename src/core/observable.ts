/** Observable: a typed value seen in an Event, with where it was seen. Names follow STIX cyber observables where one exists. */

export type ObservableKind =
  | 'domain'
  | 'url'
  | 'ipv4'
  | 'ipv6'
  | 'email'
  | 'hash'
  | 'file-name'
  | 'registry-key'
  | 'mutex'
  | 'user-agent'
  | 'endpoint'
  | 'text';

/** What of the Event a value was taken from. */
export type Place =
  /** the whole value of a field */
  | 'value'
  /** a token inside a longer text */
  | 'text'
  | 'url'
  | 'url-host'
  | 'url-query'
  | 'email-domain'
  /** put together from separate host, port and path fields */
  | 'composed';

export interface Observable {
  readonly kind: ObservableKind;
  /** Canonical form (see `canonical/` of core): what indexes are keyed by. */
  readonly value: string;
  /** The text as it stands in the Event. */
  readonly seen: string;
  /** Dotted path of the field, array positions in brackets: `dns.answers[0].data`. */
  readonly field: string;
  readonly place: Place;
}
