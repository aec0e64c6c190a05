/**
 * TAXII 2.0 and 2.1 (taxii.md sections 1 to 4): discovery, API roots and collections. The version is found by asking for 2.1 first
 * and for 2.0 when that is not acceptable; servers without discovery are taken as API roots. Text from the server is shown,
 * never trusted: roots on other origins are listed, but get no credentials.
 */
import {
  type FailureCodes,
  type PoliteClient,
  RequestFailure,
  type ServerAnswer,
  shown,
} from '../http/polite-client.ts';

import { plainBody } from './plain-body.ts';
import { withoutMark } from './taxii-page.ts';

export type TaxiiVersion = '2.1' | '2.0';

export const TAXII_MEDIA: Readonly<Record<TaxiiVersion, string>> = {
  '2.1': 'application/taxii+json;version=2.1',
  '2.0': 'application/vnd.oasis.taxii+json; version=2.0',
};
/** What object requests accept. */
export const OBJECT_MEDIA: Readonly<Record<TaxiiVersion, string>> = {
  '2.1': TAXII_MEDIA['2.1'],
  '2.0': 'application/vnd.oasis.stix+json; version=2.0',
};

export interface ApiRoot {
  readonly url: URL;
  readonly version: TaxiiVersion;
  readonly title: string;
}

export interface Collection {
  readonly root: ApiRoot;
  readonly id: string;
  readonly title: string;
  /** Usable in place of the id; empty when there is none. */
  readonly alias: string;
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

export interface ApiRoots {
  readonly roots: readonly ApiRoot[];
  /** Why roots that are listed are not among them; without those that are not there (404, 406). */
  readonly failures: readonly RequestFailure[];
}

/** How failures of these servers are called. */
export const TAXII_CODES: FailureCodes = { failed: 'INTEL_TAXII_FAILED', auth: 'INTEL_TAXII_AUTH' };

export type Members = Readonly<Record<string, unknown>>;

const DISCOVERY_PATHS: readonly (readonly [string, TaxiiVersion])[] = [
  ['/taxii2/', '2.1'],
  ['/taxii/', '2.0'],
];
const MAX_LIST_BYTES = 8 * 1024 * 1024;
/** A list with more is refused: each root costs requests, to wherever it says. */
const MAX_ROOTS = 100;

export class TaxiiClient {
  readonly transport: PoliteClient;

  constructor(transport: PoliteClient) {
    this.transport = transport;
  }

  /**
   * API roots that the configured address leads to: through discovery, at the address or at the usual paths of its host, else the
   * address itself as root. Rejects with RequestFailure when it is none of these, or no root can be had.
   */
  async apiRoots(): Promise<ApiRoots> {
    const configured = withSlash(new URL(this.transport.server.url));
    const candidates =
      configured.pathname === '/' ? DISCOVERY_PATHS.map(([path]) => new URL(path, configured)) : [configured];
    let failure: unknown;
    for (const url of candidates) {
      try {
        const { members, version } = await this.#ask(url);
        const { api_roots: listed, default: usual } = members;
        if (!Array.isArray(listed) && typeof usual !== 'string')
          return { roots: [{ url, version, title: textOf(members, 'title') }], failures: [] };
        const found = await this.#roots(url, version, Array.isArray(listed) ? listed : [usual]);
        const [first] = found.failures;
        if (found.roots.length === 0 && first !== undefined) throw first;
        if (found.roots.length > 0) return found;
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        failure = error;
      }
    }
    throw failure ?? new RequestFailure('INTEL_TAXII_FAILED', `"${shown(configured)}" offers no API root`, 404);
  }

  async collections(root: ApiRoot): Promise<readonly Collection[]> {
    const { members } = await this.#ask(new URL('collections/', root.url), root.version);
    const list = members['collections'];
    const seen = new Set(['', '.', '..']);
    return (Array.isArray(list) ? (list as readonly unknown[]) : []).flatMap((entry) => {
      const collection = (entry ?? {}) as Members;
      const id = textOf(collection, 'id');
      // Each once; dots would be another address than that of a collection.
      if (seen.has(id)) return [];
      seen.add(id);
      const canRead = collection['can_read'] !== false;
      const [title, alias] = [textOf(collection, 'title'), textOf(collection, 'alias')];
      return [{ root, id, title, alias, canRead, canWrite: collection['can_write'] === true }];
    });
  }

  async #roots(discovery: URL, version: TaxiiVersion, listed: readonly unknown[]): Promise<ApiRoots> {
    const roots: ApiRoot[] = [];
    const failures: RequestFailure[] = [];
    if (listed.length > MAX_ROOTS) {
      const message = `"${shown(discovery)}" lists ${listed.length} API roots, more than ${MAX_ROOTS}`;
      throw new RequestFailure('INTEL_TAXII_FAILED', message, -1);
    }
    for (const entry of listed) {
      // Text from the server: it need not be an address.
      if (typeof entry !== 'string' || !URL.canParse(entry, discovery.href)) continue;
      const url = withSlash(new URL(entry, discovery));
      try {
        const answer = await this.#ask(url, version);
        roots.push({ url, version: answer.version, title: textOf(answer.members, 'title') });
      } catch (error) {
        // A root that is hidden from this user, or on a server that is down, does not hide the others.
        if (!(error instanceof RequestFailure)) throw error;
        if (error.status !== 404 && error.status !== 406) failures.push(error);
      }
    }
    return { roots, failures };
  }

  /** Members of the answer and the version that the server speaks. */
  async #ask(url: URL, known?: TaxiiVersion): Promise<{ members: Members; version: TaxiiVersion }> {
    const versions: readonly TaxiiVersion[] = known === '2.0' ? ['2.0', '2.1'] : ['2.1', '2.0'];
    for (const [i, version] of versions.entries()) {
      try {
        return await this.transport.get(url, { accept: TAXII_MEDIA[version] }, async (response) => ({
          members: await membersOf(response, url),
          version: versionOf(response) ?? version,
        }));
      } catch (error) {
        // These resources take no parameters: a bad request can only be one in the wrong version.
        const isOther = error instanceof RequestFailure && [400, 406, 415].includes(error.status);
        if (!isOther || i === versions.length - 1) throw error;
      }
    }
    throw new RequestFailure('INTEL_TAXII_FAILED', `"${shown(url)}" speaks neither TAXII 2.1 nor 2.0`, 406);
  }
}

/** Nothing of TAXII stands at the address: what was looked for may stand at the next one. */
function isElsewhere(error: unknown): error is RequestFailure {
  return error instanceof RequestFailure && [200, 404, 406].includes(error.status);
}

function versionOf({ headers }: ServerAnswer): TaxiiVersion | undefined {
  const version = /version\s*=\s*"?(2\.[01])/i.exec(headers['content-type'] ?? '')?.[1];
  return version === '2.1' || version === '2.0' ? version : undefined;
}

/** The answer as one JSON object. Rejects with RequestFailure when it is none, or too large. */
export async function membersOf(response: ServerAnswer, url: URL): Promise<Members> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of plainBody(response.body, MAX_LIST_BYTES)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_LIST_BYTES)
      throw new RequestFailure('INTEL_TOO_LARGE', `"${shown(url)}": more than ${MAX_LIST_BYTES} bytes`, -1);
  }
  let members: unknown;
  try {
    members = JSON.parse(withoutMark(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    throw new RequestFailure(
      'INTEL_TAXII_FAILED',
      `"${shown(url)}" answers with something that is no JSON`,
      response.status,
      error,
    );
  }
  if (typeof members === 'object' && members !== null && !Array.isArray(members)) return members as Members;
  throw new RequestFailure('INTEL_TAXII_FAILED', `"${shown(url)}" answers with no JSON object`, response.status);
}

function withSlash(url: URL): URL {
  if (url.pathname.endsWith('/')) return url;
  const copy = new URL(url);
  copy.pathname = `${url.pathname}/`;
  return copy;
}

function textOf(members: Members, name: string): string {
  const value = members[name];
  return typeof value === 'string' ? value : '';
}
