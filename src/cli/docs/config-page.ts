/** The reference page of the configuration, made from the one schema and the registries. `docs/config.md` is its checked-in result. */
import { ENCODERS } from '../../encode/registry.ts';
import { configSchema, fluxEntry, ruleCriteria } from '../../engine/config/config-schema.ts';
import { INPUT_KINDS } from '../../inputs/registry.ts';
import { intelSourceSchema } from '../../intel/source-schema.ts';
import { SINK_KINDS } from '../../sinks/registry.ts';
import { schemaRows, TABLE_HEAD } from './schema-table.ts';

const INTRODUCTION = `# Configuration

\`flint run -c flint.yaml\`. This page is made from the schema (\`npm run docs\`); \`docs/flint.schema.json\` is the same for editors:
put \`# yaml-language-server: $schema=docs/flint.schema.json\` on the first line of the file.

Every key can also be given in the environment as \`FLINT_A__B__0__C\`, and much of it on the command line (\`flint run --help\`). The
later wins: file, environment, command line. An unknown key is refused, with the nearest known one. Secrets are never in the file:
a key that takes one names an environment variable or a file that holds it.

\`\`\`yaml
data_dir: /var/lib/flint
inputs:
  - gelf+udp://127.0.0.1:12201
  - address: json+tcp://127.0.0.1:5170
    name: proxies
intel:
  - /etc/flint/intel
outputs:
  - 'stdout:'
\`\`\`

## Keys
`;

const ADDRESSES = `## Addresses

\`protocol[+transport]://host:port/path?option=value\`. In the file the options may stand as keys beside \`address\`.
`;

export function configPage(): string {
  return [
    INTRODUCTION,
    TABLE_HEAD,
    ...schemaRows(configSchema),
    '',
    '## Sources of intelligence',
    '',
    'Keys of an entry of `intel`; a text alone is its `source`. What they do is told in [Intelligence](intel.md).',
    '',
    TABLE_HEAD,
    ...schemaRows(intelSourceSchema),
    '',
    '## Choice of rules',
    '',
    'Keys of an entry of `rule_selection.include` and `.exclude`, and of `criteria` in one of `.levels`, which has a `level` beside it. Examples are in [Sigma rules](sigma.md#choosing-rules).',
    '',
    TABLE_HEAD,
    ...schemaRows(ruleCriteria),
    '',
    '## Flux specifications',
    '',
    'Keys of an entry of `flux`; a text alone is its `spec`. What they do is told in [Flux specifications](flux.md).',
    '',
    TABLE_HEAD,
    ...schemaRows(fluxEntry),
    '',
    ADDRESSES,
    '## Inputs',
    '',
    ...INPUT_KINDS.flatMap((kind) => componentSection(kind)),
    '## Outputs',
    '',
    ...SINK_KINDS.flatMap((kind) => [
      ...componentSection(kind),
      `Format unless \`format=\` says otherwise: \`${kind.defaultFormat}\`.`,
      '',
    ]),
    '## Formats of outputs',
    '',
    '| `format=` | What it is | Content type |',
    '| --- | --- | --- |',
    ...ENCODERS.map((encoder) => `| \`${encoder.name}\` | ${encoder.summary} | \`${encoder.contentType}\` |`),
    '',
  ].join('\n');
}

type Component = Pick<(typeof INPUT_KINDS)[number], 'protocol' | 'summary' | 'example' | 'transports' | 'options'>;

function componentSection(kind: Component): string[] {
  const rows = schemaRows(kind.options);
  const [first, ...others] = kind.transports;
  const transports =
    first === undefined
      ? []
      : [`Transports: \`${first}\` (default)${others.map((name) => `, \`${name}\``).join('')}.`, ''];
  return [
    `### ${kind.protocol}`,
    '',
    `${kind.summary}. Example: \`${kind.example}\``,
    '',
    ...transports,
    ...(rows.length === 0 ? [] : [TABLE_HEAD, ...rows, '']),
  ];
}
