/** Every configuration shown in the documentation is one that the program takes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../config/options.ts';
import { parseYaml } from '../../config/yaml-file.ts';
import { configSchema } from './config-schema.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const KEYS = new Set(Object.keys(configSchema.properties));
/** Flux specifications and rule filters have it as well. */
const SHARED_KEY = 'rules';

const shown = readdirSync(DOCS)
  .filter((name) => name.endsWith('.md'))
  .flatMap((page) =>
    [...readFileSync(`${DOCS}/${page}`, 'utf8').matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(
      ([, text = '']) => [page, text] as const,
    ),
  )
  .flatMap(([page, text]) => {
    const { value } = parseYaml(text, page);
    const isConfig = Object.keys(value ?? {}).some((key) => KEYS.has(key) && key !== SHARED_KEY);
    return isConfig ? [{ page, first: text.split('\n', 1)[0], value: value as Record<string, unknown> }] : [];
  });

describe('configurations in the documentation', () => {
  it.each(shown)('$page: $first', ({ value, page }) => {
    expect(checkOptions(configSchema, value, page).diagnostics).toEqual([]);
  });

  it('are found', () => {
    expect(shown.length).toBeGreaterThan(5);
  });
});
