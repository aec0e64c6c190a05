/** Keys of one entry of `intel:` in the configuration: types, defaults, units and texts, from which the reference page is made too. */
import Type from 'typebox';
import { secretReference } from '../config/secret.ts';
import { DECAY_MODELS } from '../core/confidence-decay.ts';
import { INDICATOR_KINDS, TLP_LEVELS } from '../core/indicator-table.ts';

const strict = { additionalProperties: false } as const;
const column = Type.Union([Type.String(), Type.Integer({ minimum: 1, maximum: 1000 })]);
const literals = <T extends string>(values: readonly T[], options = {}) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    options,
  );
const texts = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description }));
const path = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const PINNED_FORMATS = ['auto', 'stix', 'plain', 'csv', 'tsv', 'hosts', 'misp', 'warninglist'] as const;
export type PinnedFormat = (typeof PINNED_FORMATS)[number];

export const SOURCE_TYPES = ['auto', 'taxii', 'misp'] as const;
const AUTH_TYPES = ['basic', 'bearer', 'header'] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

const auth = Type.Object(
  {
    type: literals(AUTH_TYPES, { description: 'how the server wants to be told who asks' }),
    user: Type.Optional(
      Type.Union([Type.String({ minLength: 1 }), secretReference], {
        description: 'basic: user name, or where the key is that some providers take in its place',
      }),
    ),
    password: Type.Optional(secretReference),
    token: Type.Optional(secretReference),
    name: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9!#$%&*+.^_|~-]{1,100}$', description: 'header: its name, such as X-API-Key' }),
    ),
    value: Type.Optional(secretReference),
  },
  { ...strict, description: 'credentials; sent to the server of the source only' },
);

const tls = Type.Object(
  {
    cert_file: path('PEM file of the client certificate'),
    key_file: path('PEM file of its key'),
    passphrase: Type.Optional(secretReference),
    ca_file: path('PEM file of authorities, in place of those of the system'),
  },
  { ...strict, description: 'client certificate and authorities' },
);

const decay = Type.Object(
  {
    model: literals(DECAY_MODELS, {
      default: 'exponential',
      description: 'exponential: halves again and again; linear: nothing is left after twice the half-life',
    }),
    half_life: Type.String({ description: 'age at which half of the confidence is left: 30d' }),
    floor: Type.Integer({ default: 0, minimum: 0, maximum: 100, description: 'confidence does not fade below it' }),
    ends_below: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 100,
      description: 'a source whose confidence has faded below it counts no more; 0: never',
    }),
  },
  { ...strict, description: 'confidence fades with the age of what an indicator states last (modified, valid_from)' },
);

const match = Type.Object(
  {
    type: texts('STIX types; default: indicator and marking-definition'),
    id: texts('STIX ids'),
    version: texts('`last` (default), `first`, `all`, or times of versions'),
    spec_version: texts('`2.0`, `2.1`'),
  },
  { ...strict, description: 'TAXII: what is asked for; types and ids are checked on arrival too' },
);

export const intelSourceSchema = Type.Object(
  {
    source: Type.String({
      description: 'file, folder (read recursively), http(s) URL; taxii+https:// and misp+https:// name the type too',
    }),
    type: literals(SOURCE_TYPES, {
      default: 'auto',
      description: 'what a URL is: one document (or a manifest.json of MISP), a TAXII server, a MISP feed folder',
    }),
    name: Type.Optional(Type.String({ description: 'provider shown in alerts; default: the name of the file' })),
    every: Type.String({ default: '1h', description: 'how often a URL is asked: 90s, 15m, 6h, 1d' }),
    expires_after: Type.Optional(
      Type.String({
        description: 'validity of indicators that state no end, counted from what they state or the fetch: 30d',
      }),
    ),
    format: literals(PINNED_FORMATS, {
      default: 'auto',
      description: 'what the content is; auto: told by the content',
    }),
    role: literals(['indicators', 'benign'], {
      default: 'indicators',
      description: 'benign: the values suppress alerts',
    }),
    library: Type.Optional(literals(['threat', 'mine'], { description: 'for the record of STIX Spark' })),
    confidence: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: 'used where an indicator does not say' }),
    ),
    decay: Type.Optional(decay),
    tlp: Type.Optional(literals(TLP_LEVELS, { description: 'used where an indicator does not say' })),
    domains: Type.Optional(
      literals(['exact', 'subdomain'], { description: 'how far a domain reaches; default: STIX and MISP exact' }),
    ),
    urls: Type.Optional(
      literals(['exact', 'prefix', 'host'], { description: 'how far a URL reaches; default: exact' }),
    ),
    kind: Type.Optional(literals(INDICATOR_KINDS, { description: 'all entries are of this kind; default: by look' })),
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
        { ...strict, description: 'columns of a table, by header name or by position from 1' },
      ),
    ),
    delimiter: Type.Optional(literals([',', ';', '\t', '|'], { description: 'of the cells of a table' })),
    header: Type.Optional(Type.Boolean({ description: 'whether the first row of a table names its columns' })),
    auth: Type.Optional(auth),
    tls: Type.Optional(tls),
    proxy: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'http(s):// address of a proxy, or none; default: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say',
      }),
    ),
    collections: texts('TAXII: ids, titles or aliases; default: every collection that may be read'),
    match: Type.Optional(match),
    added_after: Type.Optional(
      Type.String({ description: 'TAXII: where the first pull begins, as 2024-01-01T00:00:00Z' }),
    ),
    page_size: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100_000, description: 'TAXII: objects asked for at once; default 1000' }),
    ),
    max_bytes: Type.Integer({
      default: 4_294_967_296,
      minimum: 1,
      'x-unit': 'bytes',
      description: 'most bytes of the content, unpacked; an answer of a TAXII server or MISP feed has at most 256 MiB',
    }),
    timeout_seconds: Type.Integer({
      default: 120,
      minimum: 1,
      maximum: 86_400,
      'x-unit': 'seconds',
      description: 'for one answer',
    }),
    allow_private_addresses: Type.Boolean({
      default: false,
      description: 'fetch from addresses that are not public: your own feed server',
    }),
  },
  strict,
);
