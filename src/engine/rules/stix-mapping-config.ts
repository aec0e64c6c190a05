/**
 * Mappings of the user's own (`docs/patterns.md`): plain data from the configuration, checked and made into StixMapping. A mapping
 * with a mistake is left out as a whole, with a diagnostic for each mistake.
 */
import Type, { type TObject } from 'typebox';
import { checkOptions } from '../../config/options.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import { CONVERSIONS } from '../../fields/stix/conversions.ts';
import type { PropertySource, StixMapping } from '../../fields/stix/mapping.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';

const strict = { additionalProperties: false } as const;
const names = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });
const identifier = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' });
const condition = Type.Object({ fields: names, values: Type.Optional(names) }, strict);
const source = Type.Object(
  {
    from: names,
    as: Type.String(),
    list: Type.Optional(Type.Boolean()),
    split: Type.Optional(Type.String({ minLength: 1 })),
  },
  strict,
);

/** One entry of `stix_mappings`. Properties are checked one by one, each being of one of five shapes. */
const stixMappingSchema = Type.Object(
  {
    name: identifier,
    when: Type.Array(condition, { default: [], description: 'conditions that must all hold; none: every event' }),
    prefixes: Type.Optional(Type.Array(Type.String(), { description: 'tried before each field name' })),
    objects: Type.Array(
      Type.Object(
        {
          id: identifier,
          type: Type.String({ pattern: '^[a-z0-9-]{1,250}$', description: 'STIX type, or address' }),
          when: Type.Optional(Type.Array(condition)),
          each: Type.Optional(source),
          existsWith: Type.Optional(names),
          requires: Type.Optional(names),
          properties: Type.Record(Type.String(), Type.Unknown()),
        },
        strict,
      ),
      { minItems: 1 },
    ),
  },
  strict,
);

/** The shapes of a property, by the key that tells them apart. */
const PROPERTY_SHAPES: readonly (readonly [string, TObject])[] = [
  ['from', source],
  ['each', Type.Object({ each: Type.Literal(true), as: Type.String() }, strict)],
  ['refs', Type.Object({ refs: names }, strict)],
  ['ref', Type.Object({ ref: names }, strict)],
  ['value', Type.Object({ value: Type.Unknown() }, strict)],
];

export interface ReadMappings {
  readonly mappings: readonly StixMapping[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `where` names the list in messages. */
export function readStixMappings(entries: readonly unknown[], where = 'stix_mappings'): ReadMappings {
  const mappings: StixMapping[] = [];
  const diagnostics: Diagnostic[] = [];
  const taken = new Set(STIX_MAPPINGS.map(({ name }) => name));
  for (const [i, entry] of entries.entries()) {
    const place = `${where}[${i}]`;
    const { values, diagnostics: problems } = checkOptions(stixMappingSchema, recordOf(entry), place);
    const found = [...problems];
    // The schema has been checked; what is wrong nonetheless stands in `found`, and the mapping is not used.
    const mapping = values as unknown as StixMapping;
    if (found.length === 0) found.push(...mappingProblems(mapping, taken, place));
    diagnostics.push(...found);
    if (found.length > 0) continue;
    taken.add(mapping.name);
    mappings.push(mapping);
  }
  return { mappings, diagnostics };
}

function mappingProblems(mapping: StixMapping, taken: ReadonlySet<string>, place: string): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const bad = (message: string): void => {
    problems.push(diagnostic('CONFIG_BAD_VALUE', 'error', `${message} in ${place}`));
  };
  if (taken.has(mapping.name)) bad(`the name "${mapping.name}" is taken`);
  const ids = mapping.objects.map(({ id }) => id);
  if (new Set(ids).size < ids.length) bad('two objects have the same id');
  const checkIds = (referred: readonly string[], from: string): void => {
    for (const id of referred) if (!ids.includes(id)) bad(`"${from}" names no object "${id}"${suggestion(id, ids)}`);
  };
  for (const template of mapping.objects) {
    checkIds([...(template.existsWith ?? []), ...(template.requires ?? [])], template.id);
    if (template.each !== undefined) checkConversion(template.each.as, `${template.id}.each`, bad);
    for (const [path, property] of Object.entries(template.properties as Readonly<Record<string, unknown>>)) {
      const name = `${template.id}.${path}`;
      if (path.split('.').some((part) => part === '' || part === '__proto__')) bad(`"${name}" is no property path`);
      const shape = PROPERTY_SHAPES.find(([key]) => Object.hasOwn(recordOf(property), key));
      if (shape === undefined) bad(`"${name}" needs one of ${PROPERTY_SHAPES.map(([key]) => key).join(', ')}`);
      else
        problems.push(...propertyProblems(shape[1], property as PropertySource, `${place}, "${name}"`, checkIds, bad));
    }
  }
  return problems;
}

function propertyProblems(
  shape: TObject,
  property: PropertySource,
  place: string,
  checkIds: (ids: readonly string[], from: string) => void,
  bad: (message: string) => void,
): readonly Diagnostic[] {
  const { diagnostics } = checkOptions(shape, recordOf(property), place);
  if (diagnostics.length > 0) return diagnostics;
  if ('ref' in property) checkIds(property.ref, 'ref');
  else if ('refs' in property) checkIds(property.refs, 'refs');
  else if ('as' in property) checkConversion(property.as, 'as', bad);
  return [];
}

function checkConversion(name: string, from: string, bad: (message: string) => void): void {
  const known = Object.keys(CONVERSIONS);
  if (!known.includes(name)) bad(`"${from}" is "${name}", which is no conversion${suggestion(name, known)}`);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
