/**
 * Where the values under a STIX path come from, read off the mappings: which conversions can fill it, references followed. Patterns
 * over paths that no mapping fills can never match an event.
 */
import type { OriginsOf, ValueOrigin } from '../../ir/value-origin.ts';
import { CONVERSION_ORIGINS } from './conversions.ts';
import type { ObjectTemplate, PropertySource, StixMapping } from './mapping.ts';

/** What `EventObjects` makes of observables, beside the mappings. */
const OBSERVABLE_PATHS: Readonly<Record<string, ValueOrigin>> = {
  'ipv4-addr:value': 'host',
  'ipv6-addr:value': 'host',
  'domain-name:value': 'host',
  'url:value': 'url',
  'email-addr:value': 'verbatim',
};
const ADDRESS_TYPES: readonly string[] = ['ipv4-addr', 'ipv6-addr', 'domain-name'];

/** Answers are kept: patterns ask for few paths many times. */
export function pathOrigins(mappings: readonly StixMapping[]): OriginsOf {
  const known = new Map<string, ReadonlySet<ValueOrigin>>();
  return (type, keys) => {
    const name = `${type}:${keys.join('\n')}`;
    let origins = known.get(name);
    if (origins === undefined) {
      origins = originsOf(mappings, type, keys);
      known.set(name, origins);
    }
    return origins;
  };
}

function originsOf(mappings: readonly StixMapping[], type: string, keys: readonly string[]): ReadonlySet<ValueOrigin> {
  const found = new Set<ValueOrigin>();
  const extra = `${type}:${keys.join('.')}`;
  if (Object.hasOwn(OBSERVABLE_PATHS, extra)) found.add(OBSERVABLE_PATHS[extra] as ValueOrigin);
  if (type === 'file' && keys[0] === 'hashes') found.add('verbatim');
  for (const mapping of mappings)
    for (const template of mapping.objects)
      if (template.type === type || (template.type === 'address' && ADDRESS_TYPES.includes(type)))
        addOrigins(mapping, template, keys, found);
  // Values of other spelling stand beside the canonical ones.
  if (type === 'url' && found.delete('verbatim')) found.add('url');
  return found;
}

function addOrigins(
  mapping: StixMapping,
  template: ObjectTemplate,
  keys: readonly string[],
  found: Set<ValueOrigin>,
): void {
  const [first] = keys;
  if (first === undefined) return;
  if (first === 'type') found.add('derived');
  for (const [path, source] of Object.entries(template.properties)) {
    const names = path.split('.').filter((name) => !/^\d+$/.test(name));
    if (names.length > keys.length || names.some((name, i) => name !== keys[i])) continue;
    addSource(mapping, source, keys.slice(names.length), found);
  }
}

function addSource(
  mapping: StixMapping,
  source: PropertySource,
  rest: readonly string[],
  found: Set<ValueOrigin>,
): void {
  if ('value' in source) {
    if (rest.length === 0) found.add('derived');
  } else if ('ref' in source || 'refs' in source) {
    const targets = 'ref' in source ? source.ref : source.refs;
    for (const target of mapping.objects) if (targets.includes(target.id)) addOrigins(mapping, target, rest, found);
  } else if (rest.length === 0 || source.as === 'hash-list') found.add(CONVERSION_ORIGINS[source.as]);
}
