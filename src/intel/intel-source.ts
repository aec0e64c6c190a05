/**
 * A source of intelligence as configured: a file, a folder or a URL, alone as text or with options. One schema for config file,
 * flags and API.
 */
import { basename } from 'node:path';
import Type from 'typebox';
import { checkOptions } from '../config/options.ts';
import type { FeedPolicy } from '../core/feed.ts';
import type { IndicatorKind } from '../core/indicator.ts';
import { INDICATOR_KINDS, TLP_LEVELS } from '../core/indicator-table.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { ColumnNames } from '../rules/lists/column-mapping.ts';
import type { Delimiter } from '../rules/lists/delimited-rows.ts';
import { isAddress, shownSource } from './shown-source.ts';

const column = Type.Union([Type.String(), Type.Integer({ minimum: 1, maximum: 1000 })]);
const literals = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));

export const PINNED_FORMATS = ['auto', 'stix', 'plain', 'csv', 'tsv', 'hosts', 'misp', 'warninglist'] as const;
export type PinnedFormat = (typeof PINNED_FORMATS)[number];

export const intelSourceSchema = Type.Object(
  {
    source: Type.String({ description: 'file, folder (read recursively) or http(s) URL' }),
    name: Type.Optional(Type.String({ description: 'provider shown in alerts; default: the name of the file' })),
    format: Type.Union(
      PINNED_FORMATS.map((format) => Type.Literal(format)),
      { default: 'auto' },
    ),
    role: Type.Union([Type.Literal('indicators'), Type.Literal('benign')], {
      default: 'indicators',
      description: 'benign: the values suppress alerts',
    }),
    library: Type.Optional(literals(['threat', 'mine'])),
    confidence: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: 'used where an indicator does not say' }),
    ),
    tlp: Type.Optional(literals(TLP_LEVELS)),
    domains: Type.Optional(literals(['exact', 'subdomain'])),
    urls: Type.Optional(literals(['exact', 'prefix', 'host'])),
    kind: Type.Optional(literals(INDICATOR_KINDS)),
    columns: Type.Optional(
      Type.Object(
        {
          value: Type.Union([column, Type.Array(column)]),
          type: Type.Optional(column),
          provider: Type.Optional(column),
          name: Type.Optional(column),
          description: Type.Optional(column),
          reference: Type.Optional(column),
          confidence: Type.Optional(column),
          tlp: Type.Optional(column),
          valid_from: Type.Optional(column),
          valid_until: Type.Optional(column),
        },
        { additionalProperties: false, description: 'columns of a table, by header name or by position from 1' },
      ),
    ),
    delimiter: Type.Optional(literals([',', ';', '\t', '|'])),
    header: Type.Optional(Type.Boolean({ description: 'whether the first row of a table names its columns' })),
    max_bytes: Type.Integer({
      default: 4_294_967_296,
      minimum: 1,
      'x-unit': 'bytes',
      description: 'most bytes of the content, unpacked',
    }),
    timeout_seconds: Type.Integer({ default: 120, minimum: 1, maximum: 86_400, 'x-unit': 'seconds' }),
    allow_private_addresses: Type.Boolean({
      default: false,
      description: 'fetch from addresses that are not public: your own feed server',
    }),
  },
  { additionalProperties: false },
);

export interface IntelSource {
  /** Path or URL. */
  readonly source: string;
  readonly isUrl: boolean;
  readonly name?: string;
  readonly format: PinnedFormat;
  readonly role: 'indicators' | 'benign';
  readonly library?: string;
  readonly confidence?: number;
  readonly tlp?: (typeof TLP_LEVELS)[number];
  readonly domains?: 'exact' | 'subdomain';
  readonly urls?: 'exact' | 'prefix' | 'host';
  readonly kind?: IndicatorKind;
  readonly columns?: ColumnNames;
  readonly delimiter?: Delimiter;
  readonly header?: boolean;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly allowPrivateAddresses: boolean;
}

export type ReadSource =
  | { readonly ok: true; readonly source: IntelSource }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** An entry of `intel:` in the configuration, or the text of an `--intel` flag. `where` names it in messages. */
export function readIntelSource(entry: string | Readonly<Record<string, unknown>>, where = 'intel'): ReadSource {
  const { values, diagnostics } = checkOptions(
    intelSourceSchema,
    typeof entry === 'string' ? { source: entry } : entry,
    where,
  );
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const { max_bytes, timeout_seconds, allow_private_addresses, ...rest } = values;
  const source = String(values['source']);
  return {
    ok: true,
    source: {
      // The values have passed the schema that these names and types are taken from.
      ...(rest as unknown as Pick<IntelSource, 'source' | 'format' | 'role'>),
      isUrl: isAddress(source),
      maxBytes: Number(max_bytes),
      timeoutMs: Number(timeout_seconds) * 1000,
      allowPrivateAddresses: allow_private_addresses === true,
    },
  };
}

/** The policy of a file that belongs to the source. */
export function policyOf(source: IntelSource, file: string): FeedPolicy {
  return {
    provider: source.name ?? providerName(file),
    role: source.role,
    ...(source.library === undefined ? {} : { library: source.library }),
    ...(source.confidence === undefined ? {} : { confidence: source.confidence }),
    ...(source.tlp === undefined ? {} : { tlp: source.tlp }),
    ...(source.domains === undefined ? {} : { domains: source.domains }),
    ...(source.urls === undefined ? {} : { urls: source.urls }),
  };
}

function providerName(file: string): string {
  const plain = basename(shownSource(file)).replace(
    /\.(?:gz|zst|json|jsonl|ndjson|csv|tsv|txt|list|lst|hosts)+$/gi,
    '',
  );
  const name = plain.replace(/\.(?:json|jsonl|ndjson|csv|tsv|txt|list|lst|stix)$/i, '');
  return name === '' ? 'unnamed' : name;
}
