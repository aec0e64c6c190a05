/**
 * Query parameters of TAXII 2.1 (sections 3.4 and 3.5) read strictly: what is not understood is refused with 400, never ignored, save for
 * parameters that are none of TAXII's. `next` carries the date of the last object that was given, which later additions do not move.
 */
import { parseMicroseconds } from './taxii-time.ts';
import type { TaxiiFilter } from './taxii-collection.ts';

export interface TaxiiQuery {
  readonly filter: TaxiiFilter;
  readonly limit: number;
}

export const DEFAULT_LIMIT = 1000;
export const MAX_LIMIT = 5000;
const MAX_VALUES = 1000;
const ALL_FIELDS = ['id', 'type', 'version', 'spec_version'];
/** Of one object, and of its versions. */
const OBJECT_FIELDS = ['version', 'spec_version'];
const VERSIONS_FIELDS = ['spec_version'];

export type QueryScope = 'collection' | 'object' | 'versions';

/** The query, or what is wrong with it. */
export function parseTaxiiQuery(query: URLSearchParams, scope: QueryScope): TaxiiQuery | string {
  const known = { collection: ALL_FIELDS, object: OBJECT_FIELDS, versions: VERSIONS_FIELDS }[scope];
  for (const name of new Set(query.keys())) {
    const field = /^match\[(.*)\]$/.exec(name)?.[1];
    if (field !== undefined && !known.includes(field)) return `match[${field}] is not supported here`;
    if (query.getAll(name).length > 1) return `parameter "${name}" is given more than once`;
  }
  const limit = limitOf(query.get('limit'));
  if (limit === undefined) return `limit "${query.get('limit')}" is no positive whole number`;
  const added = query.get('added_after');
  const after = added === null ? -1 : parseMicroseconds(added);
  if (after === undefined) return `added_after "${added}" is no time of the form YYYY-MM-DDTHH:MM:SS.ssssssZ`;
  const next = query.get('next');
  const continued = next === null ? -1 : readNext(next);
  if (continued === undefined) return 'next is none that this server gave';
  const versions = versionsOf(query.get('match[version]') ?? (scope === 'versions' ? 'all' : 'last'));
  if (typeof versions === 'string') return versions;
  const [ids, types, specVersions] = ['id', 'type', 'spec_version'].map((field) =>
    valuesOf(query.get(`match[${field}]`)),
  );
  if (ids === null || types === null || specVersions === null)
    return `a match parameter has no value, an empty one or more than ${MAX_VALUES}`;
  return {
    limit,
    filter: {
      afterUs: Math.max(after, continued),
      versions,
      ...(ids !== undefined && { ids }),
      ...(types !== undefined && { types }),
      ...(specVersions !== undefined && { specVersions }),
    },
  };
}

/** `next` of a page that ended with the object added at this instant. */
export function nextAfter(dateUs: number): string {
  return Buffer.from(`after ${dateUs}`).toString('base64url');
}

function readNext(next: string): number | undefined {
  const match = /^after (\d{1,16})$/.exec(Buffer.from(next, 'base64url').toString('latin1'));
  return match === null ? undefined : Number(match[1]);
}

function limitOf(text: string | null): number | undefined {
  if (text === null) return DEFAULT_LIMIT;
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) return undefined;
  return Math.min(Number(text), MAX_LIMIT);
}

function versionsOf(text: string): ReadonlySet<string | number> | string {
  const versions = new Set<string | number>();
  for (const part of text.split(',')) {
    if (part === 'first' || part === 'last' || part === 'all') versions.add(part);
    else {
      const us = parseMicroseconds(part);
      if (us === undefined) return `match[version] "${part}" is neither first, last, all nor a time`;
      versions.add(us / 1000);
    }
    if (versions.size > MAX_VALUES) return `match[version] has more than ${MAX_VALUES} values`;
  }
  return versions.has('all') && versions.size > 1 ? 'match[version] "all" stands alone' : versions;
}

/** Undefined: not given; null: wrong. */
function valuesOf(text: string | null): ReadonlySet<string> | undefined | null {
  if (text === null) return undefined;
  const values = new Set(text.split(','));
  return values.has('') || values.size > MAX_VALUES ? null : values;
}
