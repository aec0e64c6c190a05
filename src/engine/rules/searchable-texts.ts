/**
 * The texts of an event in every form in which a witness may stand in them: as they are, with percent-encoding undone, and with
 * compatibility forms of letters and dots made plain, as reading them as host names would, names in Unicode in their ASCII form as well, and
 * IPv4 addresses that are written in hex inside an IPv6 address.
 */
import { canonicalDomain } from '../../core/domain-name.ts';
import type { Event, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { canonicalIp } from '../../core/ip-address.ts';
import { decodePercent } from '../../core/web-url.ts';

export function* searchableTexts(event: Event): Iterable<string> {
  yield* formsIn(event.fields);
}

function* formsIn(value: EventValue): Iterable<string> {
  if (typeof value === 'string') yield* searchableForms(value);
  else if (Array.isArray(value)) for (const item of value as readonly EventValue[]) yield* formsIn(item);
  else if (isEventObject(value)) for (const item of Object.values(value)) yield* formsIn(item);
}

/** One text in all its forms, the first of which is the text itself. */
export function* searchableForms(text: string): Iterable<string> {
  yield text;
  yield* mappedAddresses(text);
  if (/%[0-9a-f]{2}/i.test(text)) yield plain(decodePercent(text));
  if (/[^\p{ASCII}]/u.test(text)) {
    const made = plain(text);
    yield made;
    yield* encodedNames(made);
  }
}

/** `::ffff:c000:201`, in any spelling of the zeros before it. */
const MAPPED_ADDRESS = /ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}(?![0-9a-f:.])/i;

/** IPv4 addresses that are written as IPv6 addresses, in their own form. */
export function* mappedAddresses(text: string): Iterable<string> {
  if (!MAPPED_ADDRESS.test(text)) return;
  for (const [address] of text.matchAll(/[0-9a-f:]*ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}(?![0-9a-f:.])/gi)) {
    const plainAddress = canonicalIp(address);
    if (plainAddress !== undefined) yield plainAddress;
  }
}

/** A comparison with a name sees its ASCII form, in which pieces may stand that the Unicode form does not have. */
function* encodedNames(text: string): Iterable<string> {
  for (const word of text.split(/[\s/:?#@"'<>()[\],;=&|\\]+/u)) {
    if (!word.includes('.') || /^\p{ASCII}*$/u.test(word)) continue;
    const name = canonicalDomain(word);
    if (name !== undefined) yield name;
  }
}

/** Ignored by host names: soft hyphen, zero-width space and joiners, word joiner, byte order mark. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\u3002\uff61]/g, '.')
    .replaceAll(/\u00ad|\u200b|\u200c|\u200d|\u2060|\ufeff/g, '');
}
