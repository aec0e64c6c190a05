/**
 * MispEvents: events of MISP as feeds and exports give them: `{"Event": …}`, `{"response": [{"Event": …}]}`, an array of them, or one
 * a line; and what searches for attributes and objects give: `{"response": {"Attribute": […]}}`, `{"response": [{"Object": …}]}`. Attributes of events and
 * of objects that are meant for detection (`to_ids`) are loaded. Streamed: one event at a time; an export of attributes is one.
 */
import type { Tlp } from '../../core/indicator.ts';
import { TLP_LEVELS } from '../../core/indicator-table.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import { type EntryDetails, type ListFeed, ListWriter } from './list-writer.ts';
import { writePair } from './table-list.ts';
import { kindOfTypeName, pairOfTypeName } from './type-names.ts';

type Json = Readonly<Record<string, unknown>>;

/** MISP types whose values are names or descriptions, never looked for. */
const NOT_LOOKED_FOR = new Set(['text', 'comment', 'link', 'other', 'attachment', 'vulnerability', 'uri']);

export class MispEvents {
  readonly #feed: ListFeed;
  readonly #writer: ListWriter;

  constructor(feed: ListFeed) {
    this.#feed = feed;
    this.#writer = new ListWriter(feed);
  }

  /** One element of the feed: an event, with or without its wrapper. */
  element(value: unknown, line: number): void {
    const outer = recordOf(value);
    const body = recordOf(outer?.['response']) ?? outer;
    const single = recordOf(body?.['Object']);
    const event = recordOf(body?.['Event']) ?? (single === undefined ? body : { ...body, Object: [single] });
    if (event === undefined || !(Array.isArray(event['Attribute']) || Array.isArray(event['Object']))) {
      this.#feed.report.skipped('no-event');
      return;
    }
    const shared = eventDetails(event);
    const provider = textOf(recordOf(event['Orgc'])?.['name']);
    for (const attribute of list(event['Attribute']))
      this.#attribute(attribute, { ...shared, ...ownEvent(attribute) }, provider, line);
    for (const object of list(event['Object'])) {
      const own = { ...shared, ...ownEvent(object) };
      const isDeleted = isSet(recordOf(object)?.['deleted']);
      for (const attribute of list(recordOf(object)?.['Attribute']))
        this.#attribute(attribute, own, provider, line, isDeleted);
    }
  }

  /** `isDeleted`: the object that it is part of. */
  #attribute(
    value: unknown,
    shared: EntryDetails,
    provider: string | undefined,
    line: number,
    isDeleted = false,
  ): void {
    const attribute = recordOf(value);
    const type = textOf(attribute?.['type']);
    const text = textOf(attribute?.['value']);
    const { report, file } = this.#feed;
    if (attribute === undefined || type === undefined || text === undefined) {
      report.entry();
      report.bad(() =>
        diagnostic('INTEL_BAD_OBJECT', 'warning', 'attribute has no type or no value', { span: { file, line } }),
      );
      return;
    }
    if (isDeleted || isSet(attribute['deleted'])) report.skipped('deleted');
    else if (!isSet(attribute['to_ids'])) report.skipped('not-for-detection');
    else this.#write(type.toLowerCase(), text, { ...shared, ...attributeDetails(attribute) }, provider, line);
  }

  #write(type: string, text: string, own: EntryDetails, provider: string | undefined, line: number): void {
    // The file itself is not here; its name and hash are.
    const pair = pairOfTypeName(type === 'malware-sample' ? 'filename|md5' : type);
    const kind = kindOfTypeName(type);
    if (NOT_LOOKED_FOR.has(type) || (pair === undefined && kind === undefined)) {
      this.#feed.report.skipped('other-type');
    } else if (pair !== undefined) writePair(this.#writer, pair, text, line, provider, own);
    else this.#writer.write(text, line, kind, provider, own, 'exact');
  }
}

/** Of the event that an attribute or object of an export names. */
function ownEvent(value: unknown): EntryDetails {
  const event = recordOf(recordOf(value)?.['Event']);
  return event === undefined ? {} : eventDetails(event);
}

function eventDetails(event: Json): EntryDetails {
  const name = textOf(event['info'])?.slice(0, 1024);
  const tlp = tlpOf(event['Tag']);
  return { ...(name === undefined ? {} : { name }), ...(tlp === undefined ? {} : { tlp }) };
}

function attributeDetails(attribute: Json): EntryDetails {
  const uuid = textOf(attribute['uuid']);
  const comment = textOf(attribute['comment'])?.slice(0, 4096);
  const category = textOf(attribute['category']);
  const tlp = tlpOf(attribute['Tag']);
  const seconds = Number(attribute['timestamp'] ?? Number.NaN);
  return {
    ...(uuid === undefined || !/^[0-9a-f-]{36}$/i.test(uuid) ? {} : { id: `indicator--${uuid.toLowerCase()}` }),
    ...(comment === undefined ? {} : { description: comment }),
    ...(category === undefined ? {} : { killChain: [{ chain: 'misp-category', phase: category.slice(0, 256) }] }),
    ...(tlp === undefined ? {} : { tlp }),
    ...(seconds > 0 ? { modifiedMs: seconds * 1000 } : {}),
  };
}

/** Strictest `tlp:…` tag. */
function tlpOf(tags: unknown): Tlp | undefined {
  const names = list(tags).map((tag) =>
    textOf(recordOf(tag)?.['name'])?.toLowerCase().replace('tlp:white', 'tlp:clear'),
  );
  return [...TLP_LEVELS].reverse().find((level) => names.includes(`tlp:${level}`));
}

/** Flags are booleans, or 0 and 1 as numbers or texts, by the age of what exported them. */
function isSet(flag: unknown): boolean {
  return flag === true || flag === 1 || flag === '1';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
