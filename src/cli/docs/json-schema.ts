/** The configuration schema for editors. `docs/flint.schema.json` is its checked-in result. */
import { configSchema } from '../../engine/config/config-schema.ts';

export function jsonSchema(): string {
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Flint configuration',
    ...configSchema,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
