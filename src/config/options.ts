/**
 * Values against a schema: defaults filled in, text from addresses and the environment converted, unknown keys refused with the
 * nearest known one. The one way in for every option of every component.
 */
import type { TObject, TSchema } from 'typebox';
import { Convert, Default, Errors } from 'typebox/value';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import { suggestion } from '../errors/nearest.ts';

export interface CheckedOptions {
  readonly values: Readonly<Record<string, unknown>>;
  readonly diagnostics: readonly Diagnostic[];
}

type ValidationError = Pick<ReturnType<typeof Errors>[number], 'keyword' | 'instancePath'>;

/** `where`: what the message calls the place, such as `inputs[0]` or the address. */
export function checkOptions(schema: TObject, given: Readonly<Record<string, unknown>>, where: string): CheckedOptions {
  const diagnostics = unknownKeys(schema, given, where);
  // Only known own keys go on: names from files and addresses never become prototype keys.
  const known: Record<string, unknown> = {};
  for (const name of Object.keys(schema.properties)) if (Object.hasOwn(given, name)) known[name] = given[name];
  const values = Convert(schema, Default(schema, known)) as Record<string, unknown>;
  // Property by property: the validator stops after a few errors, and the choices of one key alone can be more than that.
  for (const [name, property] of Object.entries(schema.properties)) {
    if (Object.hasOwn(values, name)) diagnostics.push(...propertyProblems(schema, values, name, property, where));
    else if (schema.required?.includes(name) === true)
      diagnostics.push(diagnostic('CONFIG_BAD_VALUE', 'error', `"${name}" is missing in ${where}`));
  }
  return { values, diagnostics };
}

function propertyProblems(
  schema: TObject,
  values: Readonly<Record<string, unknown>>,
  name: string,
  property: TSchema,
  where: string,
): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const seen = new Set<string>();
  let isUnknownChoice = false;
  const errors = Errors(property, values[name]);
  for (const error of errors) {
    const path = `${name}${error.instancePath}`.replaceAll('/', '.');
    if (error.keyword === 'const') isUnknownChoice = true;
    if (error.keyword === 'const' || error.keyword === 'additionalProperties' || seen.has(path)) continue;
    if (isOfOtherForm(error, errors)) continue;
    seen.add(path);
    // What `additionalProperties: false` says of a key inside an object.
    if (error.keyword === 'boolean') problems.push(unknownNestedKey(schema, path, where));
    else problems.push(badValue(schema, values, path, error.message, where));
  }
  if (problems.length > 0 || !isUnknownChoice) return problems;
  return [badValue(schema, values, name, 'is none of the choices', where)];
}

/** True for what is said of a map as the text that might stand in its place, when something is said of it as a map. */
function isOfOtherForm({ keyword, instancePath }: ValidationError, errors: readonly ValidationError[]): boolean {
  if (keyword !== 'type' && keyword !== 'anyOf') return false;
  return errors.some(
    (other) =>
      (other.keyword === 'required' && other.instancePath === instancePath) ||
      other.instancePath.startsWith(`${instancePath}/`),
  );
}

function unknownKeys(schema: TObject, given: Readonly<Record<string, unknown>>, where: string): Diagnostic[] {
  const names = Object.keys(schema.properties);
  return Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) =>
      diagnostic('CONFIG_UNKNOWN_KEY', 'error', `unknown key "${name}" in ${where}${suggestion(name, names)}`, {
        hint: `known keys: ${names.join(', ')}`,
      }),
    );
}

function unknownNestedKey(schema: TObject, path: string, where: string): Diagnostic {
  const segments = path.split('.');
  const name = segments.at(-1) ?? '';
  let parent: TSchema | undefined = schema;
  for (const segment of segments.slice(0, -1)) parent = parent === undefined ? undefined : below(parent, segment);
  const names = Object.keys((parent as Partial<TObject> | undefined)?.properties ?? {});
  return diagnostic('CONFIG_UNKNOWN_KEY', 'error', `unknown key "${path}" in ${where}${suggestion(name, names)}`, {
    ...(names.length > 0 && { hint: `known keys: ${names.join(', ')}` }),
  });
}

/** The schema of a member: of a map, of a list, or of the map that may stand in place of a text. */
function below(schema: TSchema, segment: string): TSchema | undefined {
  const { properties, items, anyOf } = schema as Partial<TObject> & { items?: TSchema; anyOf?: readonly TSchema[] };
  const own = properties?.[segment] ?? (/^\d+$/.test(segment) ? items : undefined);
  const map = (own as { anyOf?: readonly TSchema[] } | undefined)?.anyOf?.find((one) => 'properties' in one);
  if (own !== undefined) return map ?? own;
  return anyOf?.map((one) => below(one, segment)).find((found) => found !== undefined);
}

function badValue(
  schema: TObject,
  values: Readonly<Record<string, unknown>>,
  path: string,
  message: string,
  where: string,
): Diagnostic {
  const name = path.split('.')[0] ?? '';
  const property = schema.properties[name];
  const secret = isSecret(property);
  const shown = path === name && !secret ? ` ${JSON.stringify(values[name])}` : '';
  const allowed = choices(property);
  const problem = path === name && allowed !== '' ? 'is not known' : inYamlWords(message);
  const what = path === '' ? message.replace(/^must have/, 'needs') : `"${path}"${shown} ${problem}`;
  const keys = Object.keys((property as Partial<TObject> | undefined)?.properties ?? {});
  return diagnostic('CONFIG_BAD_VALUE', 'error', `${what} in ${where}${allowed === '' ? '' : `; one of ${allowed}`}`, {
    ...(path === name && keys.length > 0 && { hint: `give a map with the keys ${keys.join(', ')}` }),
  });
}

/** The validator speaks of JSON schema, the file of lists and maps. */
function inYamlWords(message: string): string {
  if (message === 'must be object') return 'must be a map';
  if (message === 'must be array') return 'must be a list';
  const missing = /^must have required properties (.+)$/.exec(message)?.[1];
  if (missing !== undefined) return `lacks the key "${missing}"`;
  return message === 'must match a schema in anyOf' ? 'is not known' : message;
}

function isSecret(schema: TSchema | undefined): boolean {
  return (schema as { 'x-secret'?: boolean } | undefined)?.['x-secret'] === true;
}

interface Choice {
  readonly const?: unknown;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a value may be, where some of it are words: `"auto", a whole number from 1 to 64`. */
function choices(schema: TSchema | undefined): string {
  const anyOf = (schema as { anyOf?: readonly Choice[] } | undefined)?.anyOf ?? [];
  if (!anyOf.some((option) => option.const !== undefined)) return '';
  return anyOf
    .flatMap(({ const: word, type, minimum, maximum }) => {
      if (word !== undefined) return [JSON.stringify(word)];
      const range = `${minimum === undefined ? '' : ` from ${minimum}`}${maximum === undefined ? '' : ` to ${maximum}`}`;
      if (type === 'integer' || type === 'number') return [`a ${type === 'integer' ? 'whole ' : ''}number${range}`];
      return type === 'string' ? ['a text'] : [];
    })
    .join(', ');
}
