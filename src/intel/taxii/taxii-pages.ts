/**
 * The pages of a collection in the order in which the server added the objects (taxii.md section 5): `next` and `added_after` of 2.1,
 * ranges of 2.0. After each page stands where to go on, so that a sync interrupted anywhere resumes exactly there. A
 * server that repeats itself is noticed and not followed.
 *
 * A `next` is never sent twice when the date-added of the last object is known: there are servers (medallion) for which it is the
 * name of a session that moves on with each request, so that the page of an answer that got lost would be skipped. The
 * query then begins anew just before the last object.
 */
import { createHash } from 'node:crypto';
import { formatStixTimestamp, parseStixTimestamp } from '../../core/stix-timestamp.ts';
import type { Collection } from './taxii-client.ts';
import { OBJECT_MEDIA } from './taxii-client.ts';
import { DamagedPage, type PageContent, type PageLimits, type PageObject, readPage } from './taxii-page.ts';
import { plainBody } from './plain-body.ts';
import { shown, RequestFailure, type ServerAnswer, type PoliteClient } from '../http/polite-client.ts';

/** Where the next request begins. Plain data, kept on disk. */
export interface TaxiiCursor {
  /** Objects added up to here have been fetched; the text exactly as the server sent it. */
  readonly addedAfter?: string;
  /** By the server's clock that was a moment ago: more may come to bear the same date. */
  readonly isRecent?: boolean;
  /** A sync is under way. */
  readonly paging?: Paging;
}

export interface Paging {
  /** `added_after` of the query that is being paged through. */
  readonly addedAfter?: string;
  /** 2.1: opaque, sent back unchanged. */
  readonly next?: string;
  /** 2.0: objects fetched so far. */
  readonly offset?: number;
  /** 2.0: digest of the object before that offset. */
  readonly last?: string;
  /** Greatest date-added seen so far. */
  readonly lastAdded?: string;
  /** Objects came without a date-added. */
  readonly undated?: boolean;
  /** What the server's clock said last, milliseconds since the epoch. */
  readonly dateMs?: number;
  /** What the server's clock said at the first page, less the overlap: the cursor for servers that send no date-added. */
  readonly startedAt?: string;
}

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
/** How often one page may come in one sync: a server that stamps many objects alike gives it again while larger ones are asked for. */
const MAX_REPEATS = 10;
/** How often a 2.0 query begins anew because positions have shifted. */
const MAX_SHIFTS = 5;
const SAME_PAGE = 'the server gives the same page again';
const MAX_PAGE_SIZE = 100_000;
/** Clocks of server and client, and objects stamped before they become visible. */
const OVERLAP_MS = 600_000;
/** Dates of this age by the server's own clock are given to nothing more, whatever they are rounded to. */
const RECENT_MS = 10_000;
/** Clocks that are only a little apart are no clocks that were put back. */
const CLOCK_TOLERANCE_MS = 60_000;

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
    let answer: Answer;
    try {
      const again = envelopeUrl(collection, query, anew, limit);
      answer = await ask(transport, url, { accept: OBJECT_MEDIA['2.1'] }, query.limits, again);
    } catch (error) {
      // Kept from an earlier process, without dates, and forgotten by the server: the query begins again.
      if (count > 0 || paging.next === undefined || !isForgotten(error)) throw error;
      paging = without(paging, 'next');
      continue;
    }
    const earlier = count === 0 ? clockWentBack(from, answer, query) : undefined;
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
  let shifts = 0;
  const repeats = new RepeatedPages();
  for (let count = 0; ; count++) {
    const url = objectsUrl(collection, query, paging.addedAfter);
    if (count >= query.maxPages) throw stuck(url, `more than ${query.maxPages} pages in one sync`);
    const offset = paging.offset ?? 0;
    // The last object of the page before comes again, unless positions have shifted: one that changed goes to the end.
    const first = paging.last === undefined || shifts > MAX_SHIFTS ? offset : offset - 1;
    const range = `${first}-${offset + query.pageSize - 1}`;
    let answer: Answer;
    try {
      answer = await ask(
        transport,
        url,
        { accept: OBJECT_MEDIA['2.0'], range: `items${separator}${range}` },
        query.limits,
      );
    } catch (error) {
      // The standard's example and RFC 7233 write the header in different ways, and servers take one of them.
      if (separator === ' ' || !(error instanceof RequestFailure) || error.status < 400 || error.status === 401)
        throw error;
      separator = ' ';
      answer = await ask(transport, url, { accept: OBJECT_MEDIA['2.0'], range: `items ${range}` }, query.limits);
    }
    const { contentRange, status } = answer;
    const earlier = count === 0 ? clockWentBack(from, answer, query) : undefined;
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
      if (markOf(content.objects[0]) === paging.last) content = { ...content, objects: content.objects.slice(1) };
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
    const last = content.damaged.length === 0 ? markOf(content.objects.at(-1)) : undefined;
    paging = { ...without(paging, 'last'), offset: end, ...(last !== undefined && { last }) };
    yield { content, cursor: { ...from, paging }, ...total };
  }
}

/**
 * Where to begin instead when the server's clock shows less than the cursor: it ran ahead and has been put right, so that what was added
 * since bears times before the cursor. What comes again is known and dropped.
 */
function clockWentBack(from: TaxiiCursor, { dateMs }: Answer, { sinceLastMs = 0 }: TaxiiQuery): string | undefined {
  const cursor = from.paging === undefined ? instant(from.addedAfter) : undefined;
  if (cursor === undefined || dateMs === undefined || dateMs + CLOCK_TOLERANCE_MS >= Number(cursor / 1_000_000n))
    return undefined;
  return `${new Date(dateMs - sinceLastMs - OVERLAP_MS).toISOString().slice(0, -1)}000Z`;
}

function envelopeUrl(collection: Collection, query: TaxiiQuery, paging: Paging, limit: number): URL {
  const url = objectsUrl(collection, query, paging.addedAfter);
  url.searchParams.set('limit', String(limit));
  if (paging.next !== undefined) url.searchParams.set('next', paging.next);
  return url;
}

/** From just before the last object that was seen; with `next` only where its date-added is not known. */
function resumed(paging: Paging): Paging {
  if (paging.next === undefined || paging.lastAdded === undefined) return paging;
  return { ...without(paging, 'next'), addedAfter: justBefore(paging.lastAdded) };
}

interface Answer {
  readonly url: URL;
  readonly content: PageContent;
  readonly status: number;
  readonly lastAdded: string | undefined;
  readonly dateMs: number | undefined;
  /** `end` is exclusive. */
  readonly contentRange: { readonly end: number; readonly total: number | undefined } | undefined;
}

const NOTHING: PageContent = { objects: [], damaged: [], more: false, next: undefined };

function ask(
  transport: PoliteClient,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: PageLimits,
  again: URL = url,
): Promise<Answer> {
  const contentOf = async ({ body, headers: answered }: ServerAnswer): Promise<PageContent> => {
    try {
      return await readPage(plainBody(body, transport.server.maxBytes), limits);
    } catch (error) {
      // A page for people in place of data, as log-ins and maintenance give: saying so helps more than what is wrong with it as JSON.
      const type = /^[\w.+-]+\/[\w.+-]+/.exec(answered['content-type'] ?? '')?.[0].slice(0, 60);
      if (!(error instanceof DamagedPage) || type === undefined || /json/i.test(type)) throw error;
      throw new DamagedPage(`the answer is not JSON, but "${type}"`, { cause: error });
    }
  };
  const read = async (response: ServerAnswer): Promise<Answer> => {
    const { status, headers: answered } = response;
    const content = status === 416 ? await discard(response.body) : await contentOf(response);
    const dateMs = Date.parse(answered['date'] ?? '');
    return {
      url: response.url,
      content,
      status,
      lastAdded: dated(answered['x-taxii-date-added-last']),
      dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
      contentRange: contentRangeOf(answered['content-range']),
    };
  };
  return transport.get(url, headers, read, again);
}

/** Ends the answer, so that its connection is closed. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<PageContent> {
  for await (const _ of body) break;
  return NOTHING;
}

function contentRangeOf(header: string | undefined): Answer['contentRange'] {
  const parts = /^\s*items[\s=]*(?:(\d+)-(\d+)|\*)\/(\d+|\*)\s*$/i.exec(header ?? '');
  if (parts?.[2] === undefined) return undefined;
  return { end: Number(parts[2]) + 1, total: parts[3] === '*' ? undefined : Number(parts[3]) };
}

function objectsUrl({ root, id }: Collection, { match }: TaxiiQuery, addedAfter: string | undefined): URL {
  const url = new URL(`collections/${encodeURIComponent(id)}/objects/`, root.url);
  if (addedAfter !== undefined) url.searchParams.set('added_after', addedAfter);
  for (const [name, values] of Object.entries(match ?? {})) url.searchParams.set(`match[${name}]`, values.join(','));
  return url;
}

/**
 * Exactly after the cursor, but for one that was recent: an object that was added after the last poll, in the same microsecond or, where a
 * server counts in seconds, in the same second, bears the date of the cursor. What is given twice is known and dropped.
 */
function startOf({ addedAfter, isRecent }: TaxiiCursor): Paging {
  if (addedAfter === undefined) return {};
  return { addedAfter: isRecent === true ? justBefore(addedAfter) : addedAfter };
}

function advanced(paging: Paging, { content, lastAdded, dateMs }: Answer): Paging {
  const latest = later(paging.lastAdded, lastAdded);
  const undated = paging.undated === true || (content.objects.length > 0 && lastAdded === undefined);
  const startedAt =
    paging.startedAt ?? (dateMs === undefined ? undefined : new Date(dateMs - OVERLAP_MS).toISOString());
  return {
    ...paging,
    ...(latest === undefined ? {} : { lastAdded: latest }),
    ...(undated ? { undated } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(dateMs === undefined ? {} : { dateMs }),
  };
}

/**
 * The greatest date-added, else the server's clock less the overlap; never before the cursor that the sync began with. Where nothing came
 * nothing moves: what a server adds late, or with an earlier date, would be missed for ever.
 */
function finished(from: TaxiiCursor, { lastAdded, startedAt, undated, dateMs }: Paging): TaxiiCursor {
  const reached = later(from.addedAfter, lastAdded ?? (undated === true ? startedAt : undefined));
  if (reached === undefined) return {};
  const reachedMs = Number((instant(reached) ?? 0n) / 1_000_000n);
  const isRecent = dateMs === undefined || dateMs < reachedMs + RECENT_MS;
  return { addedAfter: reached, ...(isRecent ? { isRecent } : {}) };
}

/**
 * A microsecond earlier. Objects added at one instant may be spread over two pages, and `added_after` is exclusive: asking after the
 * last instant would lose the second half. What is given twice is known and dropped.
 */
function justBefore(added: string): string {
  const ns = parseStixTimestamp(added);
  if (ns === undefined) return added;
  // Always six digits: there are servers that compare the texts.
  const [whole = '', fraction = ''] = formatStixTimestamp(ns - 1_000n)
    .slice(0, -1)
    .split('.');
  return `${whole}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

/** By instant, at full precision; texts that are no timestamps count for nothing. */
function later(left: string | undefined, right: string | undefined): string | undefined {
  const [a, b] = [instant(left), instant(right)];
  if (a === undefined || b === undefined) return a === undefined ? (b === undefined ? undefined : right) : left;
  return b > a ? right : left;
}

/** A header that holds no timestamp says as little as none. */
function dated(header: string | undefined): string | undefined {
  return instant(header) === undefined ? undefined : header;
}

function instant(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : parseStixTimestamp(text);
}

function without(paging: Paging, name: 'next' | 'last'): Paging {
  const { [name]: _, ...rest } = paging;
  return rest;
}

/** Notices a server that gives the same again, whatever it calls the next page. */
class RepeatedPages {
  readonly #times = new Map<string, number>();

  isTooOften({ objects, damaged }: PageContent): boolean {
    if (objects.length === 0) return false;
    const mark = digest([damaged.length, ...objects.map(({ id, version }) => `${id} ${version}`)].join('\n'));
    const times = (this.#times.get(mark) ?? 0) + 1;
    this.#times.set(mark, times);
    return times > MAX_REPEATS;
  }
}

function markOf(object: PageObject | undefined): string | undefined {
  return object === undefined ? undefined : digest(`${object.id}\n${object.version}`);
}

function isForgotten(error: unknown): boolean {
  return error instanceof RequestFailure && [400, 404, 410, 422].includes(error.status);
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64').slice(0, 22);
}

function stuck(url: URL, reason: string): RequestFailure {
  return new RequestFailure('INTEL_TAXII_NO_PROGRESS', `"${shown(url)}": ${reason}`, -1);
}
