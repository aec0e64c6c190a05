/**
 * What a pull would fetch, without keeping anything: for a TAXII server all collections of all its API roots, which of them are taken, and
 * how far each has been pulled. Of documents and MISP feeds only what is here is told: nothing but the content itself could say more.
 */
import { type Diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { PoliteClient, systemSurroundings } from '../../intel/http/polite-client.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { serverOf } from '../../intel/pull-source.ts';
import { feedNameOf, shownSource } from '../../intel/shown-source.ts';
import { storedFeeds, taxiiFolder } from '../../intel/stored-feeds.ts';
import { type Collection, TAXII_CODES } from '../../intel/taxii/taxii-client.ts';
import { chosen, listCollections } from '../../intel/taxii/taxii-pull.ts';
import { collectionFolder, readTaxiiState, type TaxiiState } from '../../intel/taxii/taxii-store.ts';
import { storeName } from '../../intel/taxii/taxii-sync.ts';
import { age } from './feed-rows.ts';

export interface Preview {
  /** For programs. */
  readonly objects: readonly Readonly<Record<string, unknown>>[];
  /** For people. */
  readonly lines: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

export async function previewSource(source: IntelSource, folder: string, signal: AbortSignal): Promise<Preview> {
  const name = source.name ?? feedNameOf(source.source);
  try {
    return source.transport === 'taxii'
      ? await previewTaxii(source, name, folder, signal)
      : await previewOther(source, name, folder);
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    return { objects: [], lines: [], diagnostics: error.diagnostics };
  }
}

async function previewOther(source: IntelSource, name: string, folder: string): Promise<Preview> {
  const fetchedAtMs = (await storedFeeds(source, folder))?.[0]?.fetchedAtMs;
  const here = fetchedAtMs === undefined ? 'nothing here yet' : `here since ${age(Date.now() - fetchedAtMs)}`;
  const address = shownSource(source.source);
  return {
    objects: [{ name, type: source.transport, address, ...(fetchedAtMs === undefined ? {} : { fetchedAtMs }) }],
    lines: [`${name}: would ask ${address}; ${here}`],
    diagnostics: [],
  };
}

async function previewTaxii(source: IntelSource, name: string, folder: string, signal: AbortSignal): Promise<Preview> {
  const server = serverOf(source);
  const listing = await listCollections(new PoliteClient(server, TAXII_CODES, systemSurroundings, signal));
  const diagnostics: Diagnostic[] = [...listing.diagnostics];
  const taken = chosen(listing, server, source.collections, diagnostics);
  const rows = await Promise.all(
    listing.collections.map(async (collection) => ({
      collection,
      pulled: taken.includes(collection),
      state: await readTaxiiState(collectionFolder(taxiiFolder(folder), storeName(collection, source))),
    })),
  );
  return {
    objects: rows.map(({ collection, pulled, state }) => ({
      name,
      type: 'taxii',
      root: shownSource(collection.root.url.href),
      version: collection.root.version,
      collection: collection.id,
      title: collection.title,
      ...(collection.alias === '' ? {} : { alias: collection.alias }),
      canRead: collection.canRead,
      canWrite: collection.canWrite,
      pulled,
      objects: state?.objects ?? 0,
      ...(state?.cursor.addedAfter === undefined ? {} : { addedAfter: state.cursor.addedAfter }),
    })),
    lines: [
      `${name}: ${listing.collections.length} collections at ${shownSource(server.url)}`,
      ...rows.map(({ collection, pulled, state }) => `  ${lineOf(collection, pulled, state)}`),
    ],
    diagnostics,
  };
}

function lineOf({ root, id, title, canRead }: Collection, pulled: boolean, state: TaxiiState | undefined): string {
  const what = pulled ? 'would pull' : canRead ? 'not asked for' : 'may not be read';
  const here = state === undefined ? 'nothing here yet' : `${state.objects.toLocaleString('en')} objects here`;
  const after = state?.cursor.addedAfter === undefined ? '' : `, after ${state.cursor.addedAfter}`;
  const place = `${shownSource(root.url.href)} (TAXII ${root.version})`;
  return `${what}: ${title === '' ? id : `${title} (${id})`} of ${place}; ${here}${after}`;
}
