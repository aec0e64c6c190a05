/** A typebox object as rows of a Markdown table: key, type, default, meaning. Pure. */
import type { TObject, TSchema } from 'typebox';

/** What is read of a schema beside typebox's own types: JSON Schema keywords and ours. */
interface SchemaFacts {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaFacts[];
  readonly items?: SchemaFacts;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly 'x-unit'?: string;
  readonly 'x-secret'?: boolean;
}

export const TABLE_HEAD = '| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |';

/** Rows of all leaves; nested objects give dotted keys. */
export function schemaRows(schema: TObject, prefix = ''): string[] {
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    // A schema is plain JSON Schema data whatever its static type.
    const facts = property as SchemaFacts;
    const key = `${prefix}${name}`;
    if (facts.type === 'object' && facts.properties !== undefined && !isReference(facts)) {
      return schemaRows(property as TObject, `${key}.`);
    }
    return [`| \`${key}\` | ${typeText(facts)} | ${defaultText(facts)} | ${meaning(facts)} |`];
  });
}

/** A secret by reference: one setting for its reader, whatever its keys. */
function isReference(facts: SchemaFacts): boolean {
  const keys = Object.keys(facts.properties ?? {});
  return keys.length === 2 && keys.includes('env') && keys.includes('file');
}

function typeText(facts: SchemaFacts): string {
  if (isReference(facts)) return '`{ env: NAME }` or `{ file: PATH }`';
  if (facts.const !== undefined) return `\`${cell(String(facts.const))}\``;
  if (facts.enum !== undefined) return facts.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (facts.anyOf !== undefined) return [...new Set(facts.anyOf.map(typeText))].join(' or ');
  if (facts.type === 'array') return `list of ${facts.items === undefined ? 'anything' : typeText(facts.items)}`;
  if (facts.type === 'object') return 'map';
  const range = rangeText(facts);
  return `${facts.type ?? 'any'}${range === '' ? '' : ` ${range}`}`;
}

/** In a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\t', '\\t');
}

function rangeText({ minimum, maximum }: SchemaFacts): string {
  if (minimum !== undefined && maximum !== undefined) return `${number(minimum)} to ${number(maximum)}`;
  if (minimum !== undefined) return `from ${number(minimum)}`;
  return maximum === undefined ? '' : `up to ${number(maximum)}`;
}

function defaultText(facts: SchemaFacts): string {
  if (facts.default === undefined) return '';
  if (Array.isArray(facts.default) && facts.default.length === 0) return 'none';
  const text = typeof facts.default === 'number' ? number(facts.default) : `\`${plain(facts.default)}\``;
  return facts['x-unit'] === undefined ? text : `${text} ${facts['x-unit']}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function meaning(facts: SchemaFacts): string {
  const text = (facts.description ?? '').replaceAll('|', '\\|');
  return facts['x-secret'] === true ? `${text} (secret)` : text;
}

function number(value: number): string {
  return new Intl.NumberFormat('en-US').format(value);
}
