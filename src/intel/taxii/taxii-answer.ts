/**
 * TaxiiAnswer: one request for a page of objects, and what the answer says: the page itself, and in its headers the date of the last
 * object, the server's clock and, in 2.0, the range (taxii.md section 5).
 */
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';
import { plainBody } from './plain-body.ts';
import { DamagedPage, type PageContent, type PageLimits, readPage } from './taxii-page.ts';
import type { PoliteClient, ServerAnswer } from '../http/polite-client.ts';

/** One page as the server answered. */
export interface TaxiiAnswer {
  readonly url: URL;
  readonly content: PageContent;
  readonly status: number;
  /** `X-TAXII-Date-Added-Last`, as it was sent. */
  readonly lastAdded: string | undefined;
  /** The server's clock, milliseconds since the epoch. */
  readonly dateMs: number | undefined;
  /** `end` is exclusive. */
  readonly contentRange: { readonly end: number; readonly total: number | undefined } | undefined;
}

const NOTHING: PageContent = { objects: [], damaged: [], more: false, next: undefined };

/** Asks for a page; repeats of a request that failed go to `again`. */
export function askForPage(
  transport: PoliteClient,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: PageLimits,
  again: URL = url,
): Promise<TaxiiAnswer> {
  const contentOf = async ({ body, headers: answered }: ServerAnswer): Promise<PageContent> => {
    try {
      return await readPage(plainBody(body, transport.server.maxBytes), limits);
    } catch (error) {
      // A page for people in place of data, as log-ins and maintenance give: saying so helps more than what is wrong with it as JSON.
      const type = /^[\w.+-]+\/[\w.+-]+/.exec(answered['content-type'] ?? '')?.[0].slice(0, 60);
      if (!(error instanceof DamagedPage)) throw error;
      const coding = answered['content-encoding'];
      if (coding !== undefined && coding !== 'identity')
        throw new DamagedPage(`the answer is compressed ("${coding.slice(0, 60)}"), which nobody asked for`, {
          cause: error,
        });
      if (type === undefined || /json/i.test(type)) throw error;
      throw new DamagedPage(`the answer is not JSON, but "${type}"`, { cause: error });
    }
  };
  const read = async (response: ServerAnswer): Promise<TaxiiAnswer> => {
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

function contentRangeOf(header: string | undefined): TaxiiAnswer['contentRange'] {
  const parts = /^\s*items[\s=]*(?:(\d+)-(\d+)|\*)\/(\d+|\*)\s*$/i.exec(header ?? '');
  if (parts?.[2] === undefined) return undefined;
  return { end: Number(parts[2]) + 1, total: parts[3] === '*' ? undefined : Number(parts[3]) };
}

/** A header that holds no timestamp says as little as none. */
function dated(header: string | undefined): string | undefined {
  return header === undefined || parseStixTimestamp(header) === undefined ? undefined : header;
}
