/** Generated pages against what is checked in; `npm run docs` writes them anew. */
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../engine/config/config-schema.ts';
import { INPUT_KINDS } from '../../inputs/registry.ts';
import { SINK_KINDS } from '../../sinks/registry.ts';
import { createProgram, leafCommands } from '../program.ts';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { jsonSchema } from './json-schema.ts';
import { schemaRows } from './schema-table.ts';

describe('generated pages are current (npm run docs writes them)', () => {
  it('docs/config.md', async () => {
    await expect(configPage()).toMatchFileSnapshot('../../../docs/config.md');
  });

  it('docs/cli.md', async () => {
    await expect(cliPage()).toMatchFileSnapshot('../../../docs/cli.md');
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

describe('the command line page', () => {
  const commands = leafCommands(createProgram(() => async () => undefined));

  it('has a section for each command and for nothing else', () => {
    const sections = [...cliPage().matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(sections).toEqual(commands.map(({ name }) => name));
  });

  it('names every argument and option of each command there, and no others', () => {
    const sections = cliPage().split(/^## /m).slice(1);
    for (const [i, { name, command }] of commands.entries()) {
      const documented = [...(sections[i] ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
      const known = [
        ...command.registeredArguments.map((argument) => argument.name()),
        ...command.options.map((option) => option.flags),
      ];
      expect(documented, name).toEqual(known);
    }
  });

  it('explains every argument and option', () => {
    expect([...cliPage().matchAll(/^\| `[^`]+` \|\s*\|.*$/gm)].map((match) => match[0])).toEqual([]);
  });
});
