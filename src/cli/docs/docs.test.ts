/** Generated pages against what is checked in; `npm run docs` writes them anew. */
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../engine/config-schema.ts';
import { INPUT_KINDS } from '../../inputs/registry.ts';
import { SINK_KINDS } from '../../sinks/registry.ts';
import { configPage } from './config-page.ts';
import { jsonSchema } from './json-schema.ts';
import { schemaRows } from './schema-table.ts';

describe('generated pages are current (npm run docs writes them)', () => {
  it('docs/config.md', async () => {
    await expect(configPage()).toMatchFileSnapshot('../../../docs/config.md');
  });

  it('docs/flint.schema.json', async () => {
    await expect(jsonSchema()).toMatchFileSnapshot('../../../docs/flint.schema.json');
  });
});

describe('the configuration page', () => {
  it('names every key, input and output', () => {
    const page = configPage();
    for (const name of Object.keys(configSchema.properties)) expect(page).toMatch(new RegExp(`\`${name}[.\`]`));
    for (const { protocol, example } of [...INPUT_KINDS, ...SINK_KINDS]) {
      expect(page).toContain(`### ${protocol}\n`);
      expect(page).toContain(example);
    }
  });

  it('explains every key', () => {
    const all = [configSchema, ...INPUT_KINDS.map((kind) => kind.options), ...SINK_KINDS.map((kind) => kind.options)];
    expect(all.flatMap((schema) => schemaRows(schema)).filter((row) => row.endsWith('|  |'))).toEqual([]);
  });
});
