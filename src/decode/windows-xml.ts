/**
 * Windows events in XML on one line, alone or behind the header of a syslog line (Sysmon for Linux): the form of `Event.System` and
 * `Event.EventData` that converters of EVTX files make of them, with attributes under `#attributes`. Whatever stands in the line stands in
 * the event: the header is its `message`, and a document that is written in a way not known here is searched as text.
 * Source: MS-EVEN6 section 2.2, schema of events.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import type { Decoder } from './decoder.ts';
import { decodeUtf8, textRecord } from './text.ts';
import { parseXml, type XmlElement } from './xml-elements.ts';

/** Longest header before the event. */
const HEADER_BYTES = 512;
const OPENING = '<Event';
const CLOSING = Buffer.from('</Event>');

export const windowsXmlDecoder: Decoder = {
  name: 'windows-xml',
  summary: 'Windows and Sysmon events in XML on one line, also behind a syslog header',
  recognises: (bytes, start, end) => endsWithEvent(bytes, start, end) && openingOf(bytes, start, end) >= 0,
  decode: (bytes, start, end, limits) => {
    const text = decodeUtf8(bytes, start, end);
    const document = text.trimEnd();
    const at = document.indexOf(OPENING);
    // The event is a field, and attributes are an object in an element.
    const root = parseXml(document, at, limits.maxDepth - 2);
    if (root === undefined) return { ...textRecord(text), problem: 'DATA_BAD_XML' };
    const header = document.slice(0, at).trim();
    return { events: [{ ...(header !== '' && { message: header }), Event: eventOf(root) }] };
  },
};

function endsWithEvent(bytes: Uint8Array, start: number, end: number): boolean {
  let last = end;
  while (last > start && (bytes[last - 1] as number) <= 0x20) last--;
  return last - start >= CLOSING.length && CLOSING.every((byte, i) => bytes[last - CLOSING.length + i] === byte);
}

/** Where `<Event>` or `<Event xmlns…` stands near the beginning; -1: nowhere. */
function openingOf(bytes: Uint8Array, start: number, end: number): number {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, HEADER_BYTES));
  const at = head.indexOf(OPENING);
  const next = head[at + OPENING.length];
  return at >= 0 && (next === 0x3e || next === 0x20) ? at : -1;
}

type Fields = Record<string, EventValue>;

function eventOf(root: XmlElement): EventObject {
  const event = attributesOf(root);
  for (const section of root.children)
    add(event, section.name, section.name === 'EventData' ? dataOf(section) : fieldOf(section));
  if (root.text !== '') event['#text'] = root.text;
  return event;
}

/** `<Data Name="User">alice</Data>` is `User: alice`; what has no name, or says more than that, stays in a list. */
function dataOf(section: XmlElement): EventObject {
  const data = attributesOf(section);
  for (const child of section.children) {
    const [[attribute, name] = []] = child.attributes;
    const isPlain = child.attributes.length === 1 && attribute === 'Name' && child.children.length === 0;
    if (child.name === 'Data' && isPlain && name !== undefined && name !== 'Data') add(data, name, child.text);
    else if (child.name === 'Data')
      data['Data'] = [...((data['Data'] as EventValue[] | undefined) ?? []), fieldOf(child)];
    else add(data, child.name, fieldOf(child));
  }
  if (section.text !== '') data['#text'] = section.text;
  return data;
}

/** An element without attributes and children is its text. */
function fieldOf(element: XmlElement): EventValue {
  if (element.attributes.length === 0 && element.children.length === 0) return element.text;
  const fields = attributesOf(element);
  for (const child of element.children) add(fields, child.name, fieldOf(child));
  if (element.text !== '') fields['#text'] = element.text;
  return fields;
}

/** Names are those of the record and may be any, `__proto__` included. */
function attributesOf({ attributes }: XmlElement): Fields {
  const fields = Object.create(null) as Fields;
  if (attributes.length > 0) fields['#attributes'] = Object.assign(Object.create(null), Object.fromEntries(attributes));
  return fields;
}

/** A name that stands twice has a list. */
function add(fields: Fields, name: string, value: EventValue): void {
  const known = fields[name];
  if (known === undefined) fields[name] = value;
  else fields[name] = Array.isArray(known) ? [...(known as EventValue[]), value] : [known, value];
}
