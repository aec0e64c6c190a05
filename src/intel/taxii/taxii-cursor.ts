/**
 * TaxiiCursor: how far a collection has been fetched, by the dates at which the server added its objects (taxii.md section 5). Dates are
 * the server's: rounded, out of order and by a clock that may be wrong, so that each step goes back rather a little too far than
 * leave something out. What is given twice is known and dropped.
 */
import { formatStixTimestamp, parseStixTimestamp } from '../../core/stix-timestamp.ts';
import type { TaxiiAnswer } from './taxii-answer.ts';

/** Where the next request begins. Plain data, kept on disk. */
export interface TaxiiCursor {
  /** Objects added up to here have been fetched; the text exactly as the server sent it. */
  readonly addedAfter?: string;
  /** By the server's clock that was a moment ago: more may come to bear the same date. */
  readonly isRecent?: boolean;
  /** A sync is under way. */
  readonly paging?: Paging;
}

/** How far the query of an unfinished sync has come. */
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

/** Clocks of server and client, and objects stamped before they become visible. */
const OVERLAP_MS = 600_000;
/** Dates of this age by the server's own clock are given to nothing more, whatever they are rounded to. */
const RECENT_MS = 10_000;
/** Clocks that are only a little apart are no clocks that were put back. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Exactly after the cursor, but for one that was recent: an object that was added after the last poll, in the same microsecond or, where a
 * server counts in seconds, in the same second, bears the date of the cursor. What is given twice is known and dropped.
 */
export function startOf({ addedAfter, isRecent }: TaxiiCursor): Paging {
  if (addedAfter === undefined) return {};
  return { addedAfter: isRecent === true ? justBefore(addedAfter) : addedAfter };
}

/** What is known behind one more page. */
export function advanced(
  paging: Paging,
  { content, lastAdded, dateMs }: Pick<TaxiiAnswer, 'content' | 'lastAdded' | 'dateMs'>,
): Paging {
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
export function finished(from: TaxiiCursor, { lastAdded, startedAt, undated, dateMs }: Paging): TaxiiCursor {
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
export function justBefore(added: string): string {
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

/** Nanoseconds since the epoch. */
function instant(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : parseStixTimestamp(text);
}

/** The same, but for one of the ways to name the next page, which counts no more. */
export function without(paging: Paging, name: 'next' | 'last'): Paging {
  const { [name]: _, ...rest } = paging;
  return rest;
}

/** From just before the last object that was seen; with `next` only where its date-added is not known. */
export function resumed(paging: Paging): Paging {
  if (paging.next === undefined || paging.lastAdded === undefined) return paging;
  return { ...without(paging, 'next'), addedAfter: justBefore(paging.lastAdded) };
}

/**
 * Where to begin instead when the server's clock shows less than the cursor: it ran ahead and has been put right, so that what was added
 * since bears times before the cursor. What comes again is known and dropped.
 */
export function clockWentBack(
  from: TaxiiCursor,
  { dateMs }: Pick<TaxiiAnswer, 'dateMs'>,
  sinceLastMs = 0,
): string | undefined {
  const cursor = from.paging === undefined ? instant(from.addedAfter) : undefined;
  if (cursor === undefined || dateMs === undefined || dateMs + CLOCK_TOLERANCE_MS >= Number(cursor / 1_000_000n))
    return undefined;
  return `${new Date(dateMs - sinceLastMs - OVERLAP_MS).toISOString().slice(0, -1)}000Z`;
}
