/**
 * The texts of an event in every form in which a witness may stand in them: as they are, with percent-encoding undone, and with
 * compatibility forms of letters and dots made plain, as reading them as host names would.
 */
import type { Event, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { decodePercent } from '../core/web-url.ts';

export function* searchableTexts(event: Event): Iterable<string> {
  yield* formsIn(event.fields);
}

function* formsIn(value: EventValue): Iterable<string> {
  if (typeof value === 'string') {
    yield value;
    if (/%[0-9a-f]{2}/i.test(value)) yield plain(decodePercent(value));
    if (/[^\p{ASCII}]/u.test(value)) yield plain(value);
  } else if (Array.isArray(value)) for (const item of value as readonly EventValue[]) yield* formsIn(item);
  else if (isEventObject(value)) for (const item of Object.values(value)) yield* formsIn(item);
}

/** Ignored by host names: soft hyphen, zero-width space and joiners, word joiner, byte order mark. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\u3002\uff61]/g, '.')
    .replaceAll(/\u00ad|\u200b|\u200c|\u200d|\u2060|\ufeff/g, '');
}
