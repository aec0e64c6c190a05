/**
 * The pages of a collection in the order in which the server added the objects (taxii.md section 5): `next` and `added_after` of 2.1,
 * ranges of 2.0. After each page stands where to go on, so that a sync interrupted anywhere resumes exactly there. A
 * server that repeats itself is noticed and not followed.
 *
 * A `next` is never sent twice when the date-added of the last object is known: there are servers (medallion) for which it is the
 * name of a session that moves on with each request, so that the page of an answer that got lost would be skipped. The
 * query then begins anew just before the last object.
 */
import { digest, objectMark, RepeatedPages } from './repeated-pages.ts';
import { askForPage, type TaxiiAnswer } from './taxii-answer.ts';
import { type Collection, OBJECT_MEDIA } from './taxii-client.ts';
import {
  advanced,
  clockWentBack,
  finished,
  justBefore,
  type Paging,
  resumed,
  startOf,
  type TaxiiCursor,
  without,
} from './taxii-cursor.ts';
import type { PageContent, PageLimits } from './taxii-page.ts';
import { shown, RequestFailure, type PoliteClient } from '../http/polite-client.ts';

export interface TaxiiQuery {
  /** `match[…]` parameters, by field: `type`, `id`, `version`, `spec_version`. */
  readonly match?: Readonly<Record<string, readonly string[]>>;
  readonly pageSize: number;
  /** By our clock since the last sync came to its end. */
  readonly sinceLastMs?: number;
  readonly maxPages: number;
  readonly limits: PageLimits;
}

export interface TaxiiPage {
  readonly content: PageContent;
  /** To be kept once the objects are. */
  readonly cursor: TaxiiCursor;
  /** Total that a 2.0 server states. */
  readonly total?: number;
}

const MAX_EMPTY_PAGES = 5;
/** How often a 2.0 query begins anew because positions have shifted. */
const MAX_SHIFTS = 5;
const SAME_PAGE = 'the server gives the same page again';
const MAX_PAGE_SIZE = 100_000;

export function taxiiPages(
  transport: PoliteClient,
  collection: Collection,
  query: TaxiiQuery,
  from: TaxiiCursor,
): AsyncGenerator<TaxiiPage> {
  return collection.root.version === '2.1'
    ? pagesByNext(transport, collection, query, from)
    : pagesByRange(transport, collection, query, from);
}

async function* pagesByNext(
  transport: PoliteClient,
  collection: Collection,
  query: TaxiiQuery,
  start: TaxiiCursor,
): AsyncGenerator<TaxiiPage> {
  let from = start;
  let paging: Paging = resumed(from.paging ?? startOf(from));
  let limit = query.pageSize;
  let emptyPages = 0;
  /** Objects of the largest page that came without a word on where to go on. */
  let largest = 0;
  // Short, whatever the server sends: at most `maxPages` of them.
  const seen = new Set<string>();
  const repeats = new RepeatedPages();
  for (let count = 0; ; count++) {
    const url = envelopeUrl(collection, query, paging, limit);
    if (count >= query.maxPages) throw stuck(url, `more than ${query.maxPages} pages in one sync`);
    const anew = resumed(paging);
    let answer: TaxiiAnswer;
    try {
      const again = envelopeUrl(collection, query, anew, limit);
      answer = await askForPage(transport, url, { accept: OBJECT_MEDIA['2.1'] }, query.limits, again);
    } catch (error) {
      const smaller = smallerPage(error, limit);
      if (smaller !== undefined) {
        limit = smaller;
        paging = anew;
        continue;
      }
      // Kept from an earlier process, without dates, and forgotten by the server: the query begins again.
      if (count > 0 || paging.next === undefined || !isForgotten(error)) throw error;
      paging = without(paging, 'next');
      continue;
    }
    const earlier = count === 0 ? clockWentBack(from, answer, query.sinceLastMs) : undefined;
    if (earlier !== undefined) {
      from = paging = { addedAfter: earlier };
      continue;
    }
    if (!answer.url.searchParams.has('next') && paging.next !== undefined) paging = anew;
    const { content } = answer;
    paging = advanced(paging, answer);
    if (!content.more) {
      yield { content, cursor: finished(from, paging) };
      return;
    }
    const isEmpty = content.objects.length === 0 && content.damaged.length === 0;
    emptyPages = isEmpty ? emptyPages + 1 : 0;
    if (emptyPages > MAX_EMPTY_PAGES) throw stuck(url, 'page after page is empty and promises more');
    if (content.next !== undefined) {
      const last = content.objects.at(-1);
      const mark = digest([content.next, content.objects[0]?.id, last?.id, last?.version].join('\n'));
      if (!isEmpty && (seen.has(mark) || repeats.isTooOften(content))) throw stuck(url, SAME_PAGE);
      seen.add(mark);
      paging = { ...paging, next: content.next };
    } else if (answer.lastAdded === undefined) {
      // A page that holds all of it needs no next one; what this one holds is not lost.
      if (isEmpty || limit >= MAX_PAGE_SIZE || content.objects.length <= largest) {
        if (!isEmpty) yield { content, cursor: { ...from, paging } };
        throw stuck(url, 'the server promises more and does not say where');
      }
      largest = content.objects.length;
      limit = Math.min(MAX_PAGE_SIZE, limit * 4);
      paging = without(paging, 'next');
    } else {
      const addedAfter = justBefore(answer.lastAdded);
      if (addedAfter !== paging.addedAfter) paging = { ...without(paging, 'next'), addedAfter };
      else if (limit < MAX_PAGE_SIZE) limit = Math.min(MAX_PAGE_SIZE, limit * 4);
      else throw stuck(url, `more than ${MAX_PAGE_SIZE} objects were added at ${answer.lastAdded}`);
    }
    yield { content, cursor: { ...from, paging } };
  }
}

async function* pagesByRange(
  transport: PoliteClient,
  collection: Collection,
  query: TaxiiQuery,
  start: TaxiiCursor,
): AsyncGenerator<TaxiiPage> {
  let from = start;
  let paging: Paging = from.paging ?? startOf(from);
  let separator: '=' | ' ' = '=';
  let limit = query.pageSize;
  let shifts = 0;
  const repeats = new RepeatedPages();
  for (let count = 0; ; count++) {
    const url = objectsUrl(collection, query, paging.addedAfter);
    if (count >= query.maxPages) throw stuck(url, `more than ${query.maxPages} pages in one sync`);
    const offset = paging.offset ?? 0;
    // The last object of the page before comes again, unless positions have shifted: one that changed goes to the end.
    const first = paging.last === undefined || shifts > MAX_SHIFTS ? offset : offset - 1;
    const range = `${first}-${offset + limit - 1}`;
    let answer: TaxiiAnswer;
    try {
      answer = await askForPage(
        transport,
        url,
        { accept: OBJECT_MEDIA['2.0'], range: `items${separator}${range}` },
        query.limits,
      );
    } catch (error) {
      const smaller = smallerPage(error, limit);
      if (smaller !== undefined) {
        limit = smaller;
        continue;
      }
      // The standard's example and RFC 7233 write the header in different ways, and servers take one of them.
      if (separator === ' ' || !(error instanceof RequestFailure) || error.status < 400 || error.status === 401)
        throw error;
      separator = ' ';
      answer = await askForPage(transport, url, { accept: OBJECT_MEDIA['2.0'], range: `items ${range}` }, query.limits);
    }
    const { contentRange, status } = answer;
    const earlier = count === 0 ? clockWentBack(from, answer, query.sinceLastMs) : undefined;
    if (earlier !== undefined) {
      from = paging = { addedAfter: earlier };
      continue;
    }
    if (status === 416 && separator === '=' && offset === 0) {
      separator = ' ';
      continue;
    }
    const received = answer.content.objects.length + answer.content.damaged.length;
    let { content } = answer;
    if (first < offset) {
      if (objectMark(content.objects[0]) === paging.last) content = { ...content, objects: content.objects.slice(1) };
      else if (content.damaged.length === 0) {
        shifts++;
        paging = { ...without(paging, 'last'), offset: 0 };
        continue;
      }
    }
    paging = advanced(paging, { ...answer, content });
    // What a server says that it gave, as far as it did.
    const end = Math.min(contentRange?.end ?? Number.POSITIVE_INFINITY, first + received);
    const isLast =
      status === 416 ||
      end <= offset ||
      (status === 200 && contentRange === undefined) ||
      end >= (contentRange?.total ?? Number.POSITIVE_INFINITY);
    const total = contentRange?.total === undefined ? {} : { total: contentRange.total };
    if (isLast) {
      yield { content, cursor: finished(from, paging), ...total };
      return;
    }
    if (repeats.isTooOften(content)) throw stuck(url, SAME_PAGE);
    const last = content.damaged.length === 0 ? objectMark(content.objects.at(-1)) : undefined;
    paging = { ...without(paging, 'last'), offset: end, ...(last !== undefined && { last }) };
    yield { content, cursor: { ...from, paging }, ...total };
  }
}

function envelopeUrl(collection: Collection, query: TaxiiQuery, paging: Paging, limit: number): URL {
  const url = objectsUrl(collection, query, paging.addedAfter);
  url.searchParams.set('limit', String(limit));
  if (paging.next !== undefined) url.searchParams.set('next', paging.next);
  return url;
}

function objectsUrl({ root, id }: Collection, { match }: TaxiiQuery, addedAfter: string | undefined): URL {
  const url = new URL(`collections/${encodeURIComponent(id)}/objects/`, root.url);
  if (addedAfter !== undefined) url.searchParams.set('added_after', addedAfter);
  for (const [name, values] of Object.entries(match ?? {})) url.searchParams.set(`match[${name}]`, values.join(','));
  return url;
}

/** What to ask for instead where an answer is too large for the server, or for a proxy before it. */
function smallerPage(error: unknown, limit: number): number | undefined {
  return error instanceof RequestFailure && error.status === 413 && limit > 1 ? Math.ceil(limit / 4) : undefined;
}

function isForgotten(error: unknown): boolean {
  return error instanceof RequestFailure && [400, 404, 410, 422].includes(error.status);
}

function stuck(url: URL, reason: string): RequestFailure {
  return new RequestFailure('INTEL_TAXII_NO_PROGRESS', `"${shown(url)}": ${reason}`, -1);
}
