/**
 * From a Windows event's channel, event id and provider to its log source. Results are cached: a log has a few hundred kinds of
 * event. The cache is bounded because channel names are log content.
 */
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { CATEGORY_ROWS, KERNEL_FILE_CATEGORIES, KERNEL_FILE_PROVIDER } from './windows-categories.ts';
import { SERVICES_OF_CHANNEL } from './windows-channels.ts';

/** Services of a provider, for collectors that leave the channel out. */
const SERVICES_OF_PROVIDER: ReadonlyMap<string, readonly string[]> = new Map([
  ['microsoft-windows-sysmon', ['sysmon']],
  ['linux-sysmon', ['sysmon']],
  ['microsoft-windows-security-auditing', ['security']],
  ['microsoft-windows-powershell', ['powershell']],
  ['powershellcore', ['powershell']],
  ['powershell', ['powershell-classic']],
  ['microsoft-windows-windows defender', ['windefend']],
  ['microsoft-windows-taskscheduler', ['taskscheduler']],
  ['service control manager', ['system']],
]);

const MAX_CACHED = 4096;

/** Reads a field of the event by its Windows name. */
export type FieldReader = (name: string) => string | undefined;

export class WindowsSources {
  readonly #cache = new Map<string, EventSource>();

  /** `channel` and `provider` may be absent; the event id is a number or its text. */
  sourceOf(
    channel: string | undefined,
    provider: string | undefined,
    eventId: string,
    field: FieldReader,
  ): EventSource {
    // Only these two fields, and only of these events, decide beside channel, provider and id.
    const detail = eventId === '12' ? field('EventType') : eventId === '4657' ? field('OperationType') : undefined;
    const key = `${channel ?? ''}\u0000${provider ?? ''}\u0000${eventId}\u0000${detail ?? ''}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const source = computeSource(channel?.toLowerCase(), provider?.toLowerCase(), Number(eventId), field);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(key, source);
    return source;
  }
}

function computeSource(
  channel: string | undefined,
  provider: string | undefined,
  eventId: number,
  field: FieldReader,
): EventSource {
  const noChannel = channel === undefined || channel === '';
  const linux = channel === 'linux-sysmon/operational' || (noChannel && provider === 'linux-sysmon');
  const byChannel = channel === undefined || channel === '' ? undefined : SERVICES_OF_CHANNEL.get(channel);
  const services =
    byChannel ??
    (channel === undefined || channel === '' || linux ? (SERVICES_OF_PROVIDER.get(provider ?? '') ?? []) : []);
  const categories = CATEGORY_ROWS.filter(
    (row) =>
      services.includes(row.service) &&
      row.eventIds.includes(eventId) &&
      (row.field === undefined || hasValue(field(row.field), row.values ?? [])),
  ).map(({ category }) => category);
  const kernelFile = provider === KERNEL_FILE_PROVIDER ? KERNEL_FILE_CATEGORIES.get(eventId) : undefined;
  if (kernelFile !== undefined) categories.push(kernelFile);
  return eventSource(linux ? 'linux' : 'windows', [...new Set(categories)], services);
}

function hasValue(value: string | undefined, values: readonly string[]): boolean {
  const lower = value?.toLowerCase();
  return values.some((one) => one.toLowerCase() === lower);
}
