/**
 * A TAXII server on 127.0.0.1 for tests: a collection in memory, answered as 2.1 or 2.0 does, and a script of ill behaviour: a handler
 * that may answer a request before the server does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedObject {
  readonly dateAdded: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface TaxiiServerScript {
  readonly version: '2.1' | '2.0';
  /** In the order of date-added. Read at each request. */
  objects: ServedObject[];
  /** Most objects of a page, whatever is asked for. */
  maxPage: number;
  /** Whether X-TAXII-Date-Added headers are sent. */
  dates: boolean;
  /** Whether `next` is given with `more`. */
  next: boolean;
  /** Answers itself and returns true, or leaves the request to the server. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface RunningTaxiiServer {
  readonly url: string;
  readonly collection: string;
  /** Paths with query, and headers, of all requests in order. */
  readonly requests: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[];
  close(): Promise<void>;
}

const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const MEDIA = {
  '2.1': ['application/taxii+json;version=2.1', 'application/taxii+json;version=2.1'],
  '2.0': ['application/vnd.oasis.taxii+json; version=2.0', 'application/vnd.oasis.stix+json; version=2.0'],
} as const;

export async function startTaxiiServer(script: TaxiiServerScript): Promise<RunningTaxiiServer> {
  const requests: RunningTaxiiServer['requests'] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    requests.push({ url, headers: request.headers });
    if (script.intercept?.(request, response) !== true) answer(script, url, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    collection: COLLECTION,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(script: TaxiiServerScript, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const [media, objectMedia] = MEDIA[script.version];
  const isObjects = url.pathname === `/root/collections/${COLLECTION}/objects/`;
  const expected = isObjects ? objectMedia : media;
  const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': expected, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const lists: Readonly<Record<string, unknown>> = {
    [script.version === '2.1' ? '/taxii2/' : '/taxii/']: { title: 'test', api_roots: ['/root/'] },
    '/root/': { title: 'root', versions: [media], max_content_length: 1000 },
    '/root/collections/': { collections: [{ id: COLLECTION, title: 'all', can_read: true, can_write: false }] },
  };
  const after = url.searchParams.get('added_after');
  const matching = script.objects.filter(({ dateAdded }) => after === null || dateAdded > after);
  if (request.headers.accept?.replaceAll(' ', '') !== expected.replaceAll(' ', ''))
    send(406, { title: 'not acceptable' });
  else if (Object.hasOwn(lists, url.pathname)) send(200, lists[url.pathname]);
  else if (!isObjects) send(404, { title: 'not found' });
  else if (script.version === '2.1') sendEnvelope(script, url, matching, send);
  else sendRange(script, request, matching, send);
}

type Send = (status: number, body: unknown, headers?: Record<string, string>) => void;

function sendEnvelope(script: TaxiiServerScript, url: URL, matching: readonly ServedObject[], send: Send): void {
  const limit = Math.min(script.maxPage, Number(url.searchParams.get('limit') ?? script.maxPage));
  // `next` names the last object that was given, as servers with a database do.
  const [lastDate, lastIndex] = (url.searchParams.get('next') ?? '|-1').split('|');
  const rest = matching.filter((one) => {
    const index = script.objects.indexOf(one);
    return one.dateAdded > (lastDate as string) || (one.dateAdded === lastDate && index > Number(lastIndex));
  });
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const more = rest.length > page.length;
  send(
    200,
    page.length === 0
      ? {}
      : {
          more,
          ...(more && script.next && last !== undefined
            ? { next: `${last.dateAdded}|${script.objects.indexOf(last)}` }
            : {}),
          objects: page.map(({ object }) => object),
        },
    dateHeaders(script, page),
  );
}

function sendRange(
  script: TaxiiServerScript,
  request: IncomingMessage,
  matching: readonly ServedObject[],
  send: Send,
): void {
  const range = /^items[= ](\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const [first, last] = range === null ? [0, Number.POSITIVE_INFINITY] : [Number(range[1]), Number(range[2])];
  const page = matching.slice(first, Math.min(last + 1, first + script.maxPage));
  if (page.length === 0 && first > 0) send(416, { title: 'range' }, { 'content-range': `items */${matching.length}` });
  else sendPart(script, first, range !== null, page, matching.length, send);
}

function sendPart(
  script: TaxiiServerScript,
  first: number,
  isRange: boolean,
  page: readonly ServedObject[],
  total: number,
  send: Send,
): void {
  const contentRange = { 'content-range': `items ${first}-${first + page.length - 1}/${total}` };
  send(
    isRange && page.length > 0 ? 206 : 200,
    {
      type: 'bundle',
      id: 'bundle--1',
      spec_version: '2.0',
      ...(page.length === 0 ? {} : { objects: page.map(({ object }) => object) }),
    },
    { ...(page.length === 0 ? {} : contentRange), ...dateHeaders(script, page) },
  );
}

function dateHeaders({ dates }: TaxiiServerScript, page: readonly ServedObject[]): Record<string, string> {
  const [first, last] = [page[0], page.at(-1)];
  if (!dates || first === undefined || last === undefined) return {};
  return { 'x-taxii-date-added-first': first.dateAdded, 'x-taxii-date-added-last': last.dateAdded };
}
