/**
 * A read-only TAXII 2.1 server over collections of this process: discovery, one API root, collections, manifests, objects, versions (OASIS
 * TAXII 2.1, sections 4 and 5). Pure but for the collections: a path and its query in, an answer out; the HTTP server does the rest.
 */
import {
  ENVELOPE,
  MANIFEST,
  page,
  resource,
  STIX_MEDIA,
  TAXII_MEDIA,
  type TaxiiAnswer,
  taxiiError,
  VERSIONS,
} from './taxii-answer.ts';
import type { TaxiiCollection } from './taxii-collection.ts';
import { parseTaxiiQuery, type QueryScope } from './taxii-query.ts';

const DISCOVERY_PATH = '/taxii2/';
export const API_ROOT_PATH = '/taxii2/flint/';
const COLLECTIONS_PATH = `${API_ROOT_PATH}collections/`;

export interface TaxiiRequest {
  /** As it came, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
}

const NOT_FOUND = taxiiError(
  404,
  'not found',
  'there is nothing here, or nothing for you; every address ends with a slash',
);

/** What was answered since the start. */
export interface TaxiiCounts {
  /** By status. */
  readonly requests: ReadonlyMap<number, number>;
  /** Characters of all answers. */
  readonly characters: number;
}

export class TaxiiServer {
  readonly #requests = new Map<number, number>();
  #characters = 0;
  readonly #collections: readonly TaxiiCollection[];
  readonly #title: string;

  /** `title`: name of this sensor, shown to clients. */
  constructor(collections: readonly TaxiiCollection[], title: string) {
    this.#collections = collections;
    this.#title = title;
  }

  get counts(): TaxiiCounts {
    return { requests: this.#requests, characters: this.#characters };
  }

  async answer(request: TaxiiRequest): Promise<TaxiiAnswer> {
    const answer = await this.#answer(request);
    this.#requests.set(answer.status, (this.#requests.get(answer.status) ?? 0) + 1);
    this.#characters += answer.body.length;
    return answer;
  }

  async #answer({ path, query, accept }: TaxiiRequest): Promise<TaxiiAnswer> {
    if (!isAcceptable(accept)) return taxiiError(406, 'not acceptable', `this server answers with ${TAXII_MEDIA}`);
    if (path === DISCOVERY_PATH)
      return resource({ title: this.#title, default: API_ROOT_PATH, api_roots: [API_ROOT_PATH] });
    if (path === API_ROOT_PATH) return this.#apiRoot();
    if (!path.startsWith(COLLECTIONS_PATH) || !path.endsWith('/')) return NOT_FOUND;
    if (path === COLLECTIONS_PATH) return resource({ collections: this.#collections.map(described) });
    const [name, what, object, versions, ...rest] = path.slice(COLLECTIONS_PATH.length, -1).split('/');
    const collection = this.#collections.find(({ id, alias }) => id === name || alias === name);
    if (collection === undefined || rest.length > 0) return NOT_FOUND;
    if (what === undefined) return resource(described(collection));
    if (object === undefined) {
      const form = what === 'manifest' ? MANIFEST : what === 'objects' ? ENVELOPE : undefined;
      return form === undefined ? NOT_FOUND : this.#page(collection, query, 'collection', form);
    }
    if (what !== 'objects' || (versions !== undefined && versions !== 'versions')) return NOT_FOUND;
    const [scope, form] = versions === undefined ? (['object', ENVELOPE] as const) : (['versions', VERSIONS] as const);
    return this.#page(collection, query, scope, form, decoded(object));
  }

  #apiRoot(): TaxiiAnswer {
    return resource({
      title: this.#title,
      description: 'indicators and sightings of this sensor, to be read',
      versions: [TAXII_MEDIA],
      // Of requests with content, of which this server takes none.
      max_content_length: 1,
    });
  }

  async #page(
    collection: TaxiiCollection,
    parameters: URLSearchParams,
    scope: QueryScope,
    form: Parameters<typeof page>[2],
    id?: string,
  ): Promise<TaxiiAnswer> {
    const query = parseTaxiiQuery(parameters, scope);
    if (typeof query === 'string') return taxiiError(400, 'bad request', query);
    if (!(await collection.ready()))
      return taxiiError(503, 'not ready', 'the collection is being put together', { 'retry-after': '5' });
    if (id === undefined) return page(collection, query, form);
    if (!collection.has(id)) return NOT_FOUND;
    return page(collection, { ...query, filter: { ...query.filter, ids: new Set([id]) } }, form);
  }
}

/** True when some media range of the header (RFC 9110 section 12.5.1) stands for TAXII 2.1. Absent: anything will do. */
export function isAcceptable(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return false;
    if (type === '*/*' || type === 'application/*') return true;
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length);
    return type === 'application/taxii+json' && (version === undefined || version.replaceAll('"', '') === '2.1');
  });
}

function described({ id, alias, title, description }: TaxiiCollection): Readonly<Record<string, unknown>> {
  return { id, title, description, alias, can_read: true, can_write: false, media_types: [STIX_MEDIA] };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // URIError: no encoding of anything, so no id either.
    return '';
  }
}
