/**
 * The one configuration schema: types, defaults, units and texts of every key. The reference page and the JSON Schema are
 * generated from it; options of single inputs and outputs are checked against the schema of their kind.
 */
import Type, { type Static } from 'typebox';
import { secretReference } from '../../config/secret.ts';
import { TLP_LEVELS } from '../../core/indicator-table.ts';
import { LEVELS } from '../../core/level.ts';

const strict = { additionalProperties: false } as const;

/** Keys every input has; further keys are options of its protocol. */
const inputEntry = Type.Object(
  {
    address: Type.String({ minLength: 1, description: 'protocol[+transport]://host:port/path?option=value' }),
    name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: 'name in metrics and alerts; default: made from the address',
      }),
    ),
  },
  { additionalProperties: true },
);

/** Keys every output has; further keys are options of its protocol. */
const outputEntry = Type.Object(
  {
    address: Type.String({ minLength: 1, description: 'protocol[+transport]://host:port/path?option=value' }),
    name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: 'name in metrics; default: made from the address',
      }),
    ),
    format: Type.Optional(Type.String({ description: 'record shape; default: that of the protocol' })),
  },
  { additionalProperties: true },
);

export const fluxEntry = Type.Object(
  {
    spec: Type.String({ minLength: 1, description: 'flux specification file' }),
    group: Type.Optional(Type.String({ minLength: 1, description: 'field that holds the group key' })),
    capacity: Type.Optional(
      Type.Integer({
        minimum: 1,
        // A tenth of it must fit into one typed array at any rate of wrong answers, and be told apart by 32 bits.
        maximum: 500_000_000,
        description: 'tags to remember per group, Bloom mode of the original; default: exact memory',
      }),
    ),
    equal_times: Type.Optional(
      Type.Union([Type.Literal('arrival'), Type.Literal('parents-first')], {
        description:
          'events with equal times: in the order of arrival, or parents before their children (scan only); default: arrival',
      }),
    ),
    false_positive_rate: Type.Optional(
      Type.Number({
        minimum: 1e-9,
        maximum: 0.5,
        description: 'share of wrong answers of one full filter in Bloom mode; default: 0.0001, as the original',
      }),
    ),
  },
  strict,
);

const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));
const level = (description: string) =>
  Type.Union(
    LEVELS.map((name) => Type.Literal(name)),
    { description },
  );
const status = Type.Union(
  ['unsupported', 'deprecated', 'experimental', 'test', 'stable'].map((name) => Type.Literal(name)),
  { description: 'at least as mature; rules without a status do not meet it' },
);

/** Which rules are meant: all given criteria hold. */
export const ruleCriteria = Type.Object(
  {
    rules: texts('ids or titles'),
    min_level: Type.Optional(level('at least this level; rules without a level do not meet it')),
    min_status: Type.Optional(status),
    tags: texts('any of these tags; attack.t1059 stands for attack.t1059.001 too'),
    authors: texts('any of these authors'),
    paths: texts('files or folders'),
  },
  strict,
);

const ruleLevel = Type.Object(
  { criteria: ruleCriteria, level: level('level that these rules have from now on') },
  strict,
);

export const configSchema = Type.Object(
  {
    data_dir: Type.String({
      default: './flint-data',
      description: 'directory for queues, positions, feeds and snapshots; owned by one process, mode 0700',
    }),
    timezone: Type.String({
      default: 'Z',
      description: 'IANA zone of times that carry none, and of formats that print local time',
    }),
    time_fields: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      maxItems: 32,
      description: 'fields that say when an event happened, looked at before those that are known (docs/inputs.md)',
    }),
    workers: Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 64 })], {
      default: 'auto',
      description:
        'threads that scan and match; auto: one per processor, in a scan one at first and the others when they pay',
    }),
    strict: Type.Boolean({
      default: false,
      description: 'refuse to start when a rule or an indicator is bad, instead of skipping it',
    }),
    inputs: Type.Array(Type.Union([Type.String(), inputEntry]), {
      default: [],
      description: 'where records come from',
    }),
    outputs: Type.Array(Type.Union([Type.String(), outputEntry]), {
      default: [],
      description: 'where alerts go; default: stdout',
    }),
    intel: Type.Array(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())]), {
      default: [],
      description: 'indicator sources: files, folders, URLs; see docs/intel.md for the keys of an entry',
    }),
    rules: Type.Array(Type.String(), { default: [], description: 'Sigma rules: files and folders' }),
    pipelines: Type.Array(Type.String(), {
      default: [],
      description: 'processing pipelines for Sigma rules: files, folders, or names of built-in ones',
    }),
    rule_selection: Type.Object(
      {
        include: Type.Array(ruleCriteria, {
          default: [],
          description: 'rules to use: those that meet any entry; empty: all',
        }),
        exclude: Type.Array(ruleCriteria, { default: [], description: 'rules to leave out, whatever includes them' }),
        levels: Type.Array(ruleLevel, {
          default: [],
          description: 'other levels for rules; the first entry that a rule meets counts',
        }),
      },
      { ...strict, default: {}, description: 'which Sigma rules are used, and at which level, without editing them' },
    ),
    placeholders: Type.Record(Type.String(), Type.Array(Type.String()), {
      default: {},
      description: 'values of Sigma placeholders (%name% under the modifier expand)',
    }),
    rule_cache: Type.String({
      default: 'auto',
      minLength: 1,
      description:
        'folder that keeps parsed Sigma rules, and what is learnt of kinds of records, over starts; auto: in data_dir for run, in the cache folder of the user otherwise; off: none',
    }),
    stix_mappings: Type.Array(Type.Unknown(), {
      default: [],
      description: 'further mappings of event fields to STIX objects; see docs/patterns.md',
    }),
    pattern_group_by: Type.Array(Type.String(), {
      default: [],
      description: 'fields that group events for STIX patterns over several observations; empty: the host',
    }),
    flux: Type.Array(Type.Union([Type.String(), fluxEntry]), { default: [], description: 'flux specifications' }),
    flux_memory: Type.Object(
      {
        bytes: Type.Integer({
          default: 1_073_741_824,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description:
            'memory of one flux specification; beyond it the oldest tenth is forgotten, of Bloom memory the groups without a new tag for longest; counted',
        }),
        facts_per_group: Type.Integer({
          default: 4_000_000,
          minimum: 10,
          description:
            'facts of one group in exact memory; beyond it the oldest tenth of that group is forgotten, counted',
        }),
        waiting_bytes: Type.Integer({
          default: 536_870_912,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description:
            'events of one flux specification that wait for older ones, or may be evaluated again; beyond it the oldest are not waited with, counted',
        }),
      },
      { ...strict, default: {}, description: 'bounds of flux memory' },
    ),
    correlation_memory: Type.Object(
      {
        bytes: Type.Integer({
          default: 1_073_741_824,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description: 'windows of all correlations; beyond it the groups untouched for longest are given up, counted',
        }),
        matches_per_group: Type.Integer({
          default: 100_000,
          minimum: 10,
          maximum: 10_000_000,
          description: 'matches in one window of one group; beyond it the oldest go, counted',
        }),
      },
      { ...strict, default: {}, description: 'bounds of correlations; see docs/correlation.md' },
    ),
    process_memory: Type.Object(
      {
        mode: Type.Union([Type.Literal('auto'), Type.Literal('on'), Type.Literal('off')], {
          default: 'auto',
          description:
            'remember processes, to answer fields of parents and ancestors and to show them in alerts; auto: when a rule uses such fields',
        }),
        bytes: Type.Integer({
          default: 536_870_912,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description:
            'memory for them; beyond it ended processes are forgotten first, then those not heard of for longest',
        }),
      },
      { ...strict, default: {}, description: 'process memory; see docs/processes.md' },
    ),
    key_map: Type.Optional(Type.String({ description: 'key-mapping file of STIX Spark (name : key, one per line)' })),
    http: Type.Object(
      {
        listen: Type.String({
          default: '127.0.0.1:8720',
          description: 'host:port of metrics, probes, API and page; "off" for none',
        }),
        token: Type.Optional(secretReference),
        allowed_hosts: Type.Array(Type.String({ pattern: '^[A-Za-z0-9._-]{1,253}$' }), {
          default: [],
          description: 'names by which browsers reach it beside its address, such as that of a reverse proxy',
        }),
        cert_file: Type.Optional(
          Type.String({ minLength: 1, description: 'PEM file of the certificate; with it, HTTPS' }),
        ),
        key_file: Type.Optional(Type.String({ minLength: 1, description: 'PEM file of its key' })),
        taxii: Type.Boolean({
          default: true,
          description: 'serve indicators and sightings to TAXII 2.1 clients below /taxii2/',
        }),
        taxii_sighting_bytes: Type.Integer({
          default: 33_554_432,
          minimum: 65_536,
          maximum: 4_294_967_296,
          'x-unit': 'bytes',
          description: 'sightings kept for TAXII clients, in memory and on disk; the oldest go first',
        }),
        taxii_max_tlp: Type.Union(
          TLP_LEVELS.map((level) => Type.Literal(level)),
          {
            default: 'amber+strict',
            description: 'strictest marking of indicators and sightings that TAXII clients get',
          },
        ),
      },
      { ...strict, default: {}, description: 'HTTP server; off loopback a token is required' },
    ),
    alerts: Type.Object(
      {
        original: Type.Boolean({ default: true, description: 'put the original record into alerts' }),
        original_bytes: Type.Integer({
          default: 32_768,
          minimum: 0,
          maximum: 1_048_576,
          'x-unit': 'bytes',
          description: 'longest original record in an alert',
        }),
        max_hits: Type.Integer({
          default: 100,
          minimum: 1,
          maximum: 10_000,
          description: 'alerts of one event; further hits are counted',
        }),
        legacy_first_hit: Type.Boolean({
          default: false,
          description:
            'one alert per event, chosen in the order of STIX Spark: endpoints, URL, domain, composed URL, others',
        }),
        suppress_seconds: Type.Integer({
          default: 300,
          minimum: 0,
          maximum: 86_400,
          'x-unit': 'seconds',
          description: 'alerts of one rule for one host within this time are one alert and one closing update; 0: off',
        }),
      },
      { ...strict, default: {}, description: 'alert records' },
    ),
    limits: Type.Object(
      {
        record_bytes: Type.Integer({
          default: 16_777_216,
          minimum: 1024,
          maximum: 268_435_456,
          'x-unit': 'bytes',
          description: 'longest record',
        }),
        json_depth: Type.Integer({
          default: 128,
          minimum: 4,
          maximum: 1000,
          description: 'deepest nesting of a record',
        }),
        pending_bytes: Type.Integer({
          default: 134_217_728,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description: 'records received and not yet matched; beyond it inputs wait, answer 429 or drop',
        }),
        queue_bytes: Type.Integer({
          default: 1_073_741_824,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description: 'alerts on disk waiting for one output',
        }),
      },
      { ...strict, default: {}, description: 'bounds' },
    ),
    state: Type.Object(
      {
        lateness_seconds: Type.Number({
          default: 60,
          minimum: 0,
          maximum: 3600,
          'x-unit': 'seconds',
          description:
            'how much older than the newest of its group an event may be for correlations, flux specifications that set no lateness, and patterns over several observations',
        }),
        late_events: Type.Optional(
          Type.Union([Type.Literal('drop'), Type.Literal('evaluate')], {
            description:
              'events that are later, counted either way: left out, or evaluated as of now; default: flux specifications evaluate them, correlations and patterns leave them out',
          }),
        ),
        snapshot_seconds: Type.Number({
          default: 10,
          minimum: 0.1,
          maximum: 86_400,
          'x-unit': 'seconds',
          description:
            'how often what spans events (correlations, flux, patterns, processes) is saved, with the input positions',
        }),
        snapshot_bytes: Type.Integer({
          default: 4_294_967_296,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description: 'greatest snapshot; a greater one is given up and told',
        }),
        evidence_bytes: Type.Integer({
          default: 536_870_912,
          minimum: 1_048_576,
          'x-unit': 'bytes',
          description:
            'events on disk that alerts of correlations, flux, patterns and processes may show; the oldest go first',
        }),
        evidence_hours: Type.Number({
          default: 168,
          minimum: 0.1,
          maximum: 87_600,
          'x-unit': 'hours',
          description: 'how long these events are kept',
        }),
      },
      {
        ...strict,
        default: {},
        description:
          'what spans events, and what of it is remembered over restarts; changes need a restart, but for lateness_seconds and late_events',
      },
    ),
    dead_letters: Type.Object(
      {
        enabled: Type.Boolean({ default: true, description: 'keep escaped samples of bad records in data_dir' }),
        bytes: Type.Integer({
          default: 16_777_216,
          minimum: 4096,
          'x-unit': 'bytes',
          description: 'size of the file before the oldest half is dropped',
        }),
      },
      { ...strict, default: {}, description: 'samples of records that could not be read' },
    ),
    allow_private_addresses: Type.Boolean({
      default: false,
      description: 'let feeds and webhooks go to private address ranges',
    }),
    reload_seconds: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 86_400,
      'x-unit': 'seconds',
      description: 'how often configuration, rule and indicator files are looked at for changes',
    }),
  },
  strict,
);

export type Config = Static<typeof configSchema>;
