/** Answers of the TAXII server: the media type, error messages (TAXII 2.1 section 3.6.1), pages bounded by count and by bytes. */
import type { TaxiiCollection, TaxiiEntry } from './taxii-collection.ts';
import { nextAfter, type TaxiiQuery } from './taxii-query.ts';
import { formatMicroseconds } from './taxii-time.ts';

export const TAXII_MEDIA = 'application/taxii+json;version=2.1';
export const STIX_MEDIA = 'application/stix+json;version=2.1';
/** An answer ends early beyond this; a single object may be larger. */
const MAX_PAGE_CHARACTERS = 8 * 1024 * 1024;

export interface TaxiiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function resource(content: Readonly<Record<string, unknown>>): TaxiiAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(content) };
}

/** `description` is shown to whoever asks: nothing that must be hidden belongs into it. */
export function taxiiError(
  status: number,
  title: string,
  description?: string,
  headers: Readonly<Record<string, string>> = {},
): TaxiiAnswer {
  const content = { title, ...(description !== undefined && { description }), http_status: String(status) };
  return { status, headers, body: JSON.stringify(content) };
}

/** Members of a page beside `more` and `next`: what is listed, under which name. */
export interface PageForm {
  readonly member: 'objects' | 'versions';
  /** JSON of one entry; undefined leaves it out. */
  readonly text: (entry: TaxiiEntry) => string | undefined;
}

export const ENVELOPE: PageForm = { member: 'objects', text: (entry) => entry.json() };
export const VERSIONS: PageForm = { member: 'versions', text: ({ version }) => JSON.stringify(version) };
export const MANIFEST: PageForm = {
  member: 'objects',
  text: ({ id, dateUs, version }) =>
    JSON.stringify({ id, date_added: formatMicroseconds(dateUs), version, media_type: STIX_MEDIA }),
};

/** Empty pages are `{}`: lists have at least one member. */
export function page(collection: TaxiiCollection, { filter, limit }: TaxiiQuery, form: PageForm): TaxiiAnswer {
  const texts: string[] = [];
  let [first, last, characters] = [0, 0, 0];
  let more = false;
  for (const entry of collection.select(filter)) {
    more = texts.length === limit || characters > MAX_PAGE_CHARACTERS;
    if (more) break;
    const text = form.text(entry);
    if (text === undefined) continue;
    if (texts.length === 0) first = entry.dateUs;
    last = entry.dateUs;
    characters += text.length;
    texts.push(text);
  }
  if (texts.length === 0) return { status: 200, headers: {}, body: '{}' };
  const rest = more ? `"more":true,"next":${JSON.stringify(nextAfter(last))},` : '"more":false,';
  return {
    status: 200,
    headers: {
      'x-taxii-date-added-first': formatMicroseconds(first),
      'x-taxii-date-added-last': formatMicroseconds(last),
    },
    body: `{${rest}"${form.member}":[${texts.join(',')}]}`,
  };
}
