/**
 * EventSource: what an event says about its own log source. One event may belong to several categories and services (a Sysmon
 * registry event is `registry_event` and `registry_set`), so a rule's log source is covered when each attribute it sets is
 * among them.
 */
import type { LogSource } from './logsource.ts';

export interface EventSource {
  /** Equal for equal sources: what rule groups are cached by. */
  readonly key: string;
  readonly product?: string;
  readonly categories: readonly string[];
  readonly services: readonly string[];
}

export function eventSource(
  product: string | undefined,
  categories: readonly string[],
  services: readonly string[],
): EventSource {
  const key = `${product ?? ''}/${categories.join(',')}/${services.join(',')}`;
  return Object.freeze({ key, ...(product === undefined ? {} : { product }), categories, services });
}

/** True when a rule with this log source may fire on events of this source. */
export function admits(rule: LogSource, source: EventSource): boolean {
  return (
    (rule.product === undefined || rule.product === source.product) &&
    (rule.category === undefined || source.categories.includes(rule.category)) &&
    (rule.service === undefined || source.services.includes(rule.service))
  );
}

/** `product/category/service` of configuration; empty parts and `*` are left open. */
export function parsePinnedSource(text: string): LogSource {
  const [product, category, service] = text.split('/').map((part) => part.trim().toLowerCase());
  const given = (part: string | undefined): string | undefined => (part === '' || part === '*' ? undefined : part);
  const source: { product?: string; category?: string; service?: string } = {};
  if (given(product) !== undefined) source.product = product as string;
  if (given(category) !== undefined) source.category = category as string;
  if (given(service) !== undefined) source.service = service as string;
  return source;
}

/**
 * The source of an event whose input has a pinned log source: what is pinned holds; what is left open comes from the event, as
 * long as the event is not of another product.
 */
export function pinnedSource(pinned: LogSource, found: EventSource | undefined): EventSource {
  const same = found !== undefined && (pinned.product === undefined || pinned.product === found.product);
  const open = same ? found : undefined;
  return eventSource(
    pinned.product ?? open?.product,
    pinned.category === undefined ? (open?.categories ?? []) : [pinned.category],
    pinned.service === undefined ? (open?.services ?? []) : [pinned.service],
  );
}
