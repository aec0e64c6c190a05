/**
 * ColumnMapping: which column of a table holds what. Named by the user, read from a header line (`#fields` of Zeek and headers in
 * comments included), or found by looking at the first rows: a column of type names, a column of values, and beside them one of
 * sources.
 */
import type { IndicatorKind } from '../../core/indicator.ts';
import { nearestName } from '../../errors/nearest.ts';
import { kindOfTypeName, pairOfTypeName } from './type-names.ts';
import { guessValue } from './value-kind.ts';

/** A column by its header name, or by its position from 1. */
export type ColumnName = string | number;

export interface ColumnNames {
  readonly value: ColumnName | readonly ColumnName[];
  readonly type?: ColumnName;
  readonly provider?: ColumnName;
  readonly name?: ColumnName;
  readonly description?: ColumnName;
  readonly reference?: ColumnName;
  readonly confidence?: ColumnName;
  readonly tlp?: ColumnName;
  readonly valid_from?: ColumnName;
  readonly valid_until?: ColumnName;
}

/** Positions from 0. */
export interface ColumnMapping {
  readonly values: readonly { readonly column: number; readonly kind?: IndicatorKind }[];
  readonly type?: number;
  readonly provider?: number;
  readonly name?: number;
  readonly description?: number;
  readonly reference?: number;
  readonly confidence?: number;
  readonly tlp?: number;
  readonly validFrom?: number;
  readonly validUntil?: number;
}

const HEADERS: Readonly<Record<Exclude<keyof ColumnMapping, 'values'>, readonly string[]>> = {
  type: ['type', 'indicatortype', 'ioctype', 'itype', 'valuetype', 'observabletype'],
  provider: ['source', 'provider', 'feed', 'metasource', 'sourcename'],
  name: [
    'name',
    'threat',
    'threatname',
    'malware',
    'malwareprintable',
    'family',
    'malwarefamily',
    'signature',
    'title',
  ],
  description: ['description', 'comment', 'comments', 'notes', 'info', 'metadesc'],
  reference: ['reference', 'references', 'metaurl', 'urlhauslink', 'reporturl'],
  confidence: ['confidence', 'confidencelevel', 'confidencescore'],
  tlp: ['tlp'],
  validFrom: ['validfrom'],
  validUntil: ['validuntil', 'expires', 'expiration', 'expirationdate'],
};
const VALUE_HEADERS = new Set([
  'indicator',
  'ioc',
  'iocvalue',
  'value',
  'indicatorvalue',
  'observable',
  'artifact',
  'entry',
]);

/** From the names that the user gave; `header` is the header row when there is one. A text: what is wrong. */
export function namedMapping(names: ColumnNames, header: readonly string[] | undefined): ColumnMapping | string {
  const problems: string[] = [];
  const position = (name: ColumnName): number => {
    if (typeof name === 'number') return name - 1;
    const plainName = plain(name);
    const found = (header ?? []).findIndex((cell) => plain(cell) === plainName);
    if (found < 0) {
      const nearest = nearestName(name, header ?? []);
      problems.push(`no column "${name}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`);
    }
    return found;
  };
  const values = (Array.isArray(names.value) ? names.value : [names.value]) as readonly ColumnName[];
  const mapping = {
    values: values.map((name) => {
      const column = position(name);
      const kind = kindOfTypeName(header?.[column] ?? '');
      return kind === undefined || values.length === 1 ? { column } : { column, kind };
    }),
    ...optional('type', names.type, position),
    ...optional('provider', names.provider, position),
    ...optional('name', names.name, position),
    ...optional('description', names.description, position),
    ...optional('reference', names.reference, position),
    ...optional('confidence', names.confidence, position),
    ...optional('tlp', names.tlp, position),
    ...optional('validFrom', names.valid_from, position),
    ...optional('validUntil', names.valid_until, position),
  };
  return problems[0] ?? mapping;
}

/** From a header row; undefined when the row names no column of values. */
export function headerMapping(cells: readonly string[]): ColumnMapping | undefined {
  // A first row of values with their types is no header.
  if (cells.some((cell) => guessValue(cell) !== undefined)) return undefined;
  const names = cells.map(plain);
  const general = names.findIndex((name) => VALUE_HEADERS.has(name));
  const values =
    general >= 0
      ? [{ column: general }]
      : names.flatMap((name, column) => {
          const kind = kindOfTypeName(name);
          return kind === undefined || kind === 'text' || kind === 'file-name' ? [] : [{ column, kind }];
        });
  if (values.length === 0) return undefined;
  const taken = new Set(values.map(({ column }) => column));
  const others = Object.entries(HEADERS).flatMap(([key, known]) => {
    const column = names.findIndex((name, i) => known.includes(name) && !taken.has(i));
    return column < 0 ? [] : [[key, column] as const];
  });
  return { values, ...Object.fromEntries(others) };
}

/** From the look of the first rows; undefined when no column holds values. */
export function guessedMapping(rows: readonly (readonly string[])[]): ColumnMapping | undefined {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  const share = (column: number, test: (cell: string) => boolean): number => {
    const cells = rows.map((row) => (row[column] ?? '').trim()).filter((cell) => cell !== '');
    return cells.length === 0 ? 0 : cells.filter(test).length / cells.length;
  };
  const positions = Array.from({ length: Math.min(columns, 100) }, (_, i) => i);
  const type = positions.find((column) => share(column, isTypeName) === 1);
  const shares = positions.map((column) =>
    column === type ? 0 : share(column, (cell) => guessValue(cell) !== undefined),
  );
  const best = shares.indexOf(Math.max(0, ...shares));
  if (best < 0 || (shares[best] ?? 0) < 0.5) return undefined;
  const rest = positions.filter((column) => column !== type && column !== best);
  const [provider] = type !== undefined && rest.length === 1 ? rest : [];
  return {
    values: [{ column: best }],
    ...(type === undefined ? {} : { type }),
    ...(provider === undefined ? {} : { provider }),
  };
}

export function isTypeName(cell: string): boolean {
  return kindOfTypeName(cell) !== undefined || pairOfTypeName(cell) !== undefined;
}

function optional<K extends string>(key: K, name: ColumnName | undefined, position: (name: ColumnName) => number) {
  return name === undefined ? {} : ({ [key]: position(name) } as Record<K, number>);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
