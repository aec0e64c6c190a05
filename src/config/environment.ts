/**
 * Configuration from the environment: every key as `FLINT_A__B__0__C`. Values are YAML scalars or flow collections, so that
 * numbers, booleans and lists can be given. Names are lower-cased; numbers index lists.
 */
import { parse } from 'yaml';

const PREFIX = 'FLINT_';
/** Variables with the prefix that are no configuration keys. */
const NOT_CONFIGURATION = new Set(['FLINT_SHARED_DATA', 'FLINT_NIGHTLY', 'FLINT_ROUNDS', 'FLINT_SEED']);

export type Tree = { [key: string]: unknown };

/** Lays the variables over `base` and returns a new tree; `base` is not changed. */
export function applyEnvironment(base: Tree, environment: Readonly<Record<string, string | undefined>>): Tree {
  let tree = base;
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name];
    if (!name.startsWith(PREFIX) || NOT_CONFIGURATION.has(name) || text === undefined) continue;
    const path = name.slice(PREFIX.length).toLowerCase().split('__');
    if (path.some((segment) => segment === '' || segment === '__proto__')) continue;
    tree = withValue(tree, path, scalar(text)) as Tree;
  }
  return tree;
}

function withValue(node: unknown, path: readonly string[], value: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (/^\d{1,4}$/.test(segment)) {
    const list = Array.isArray(node) ? [...node] : [];
    list[Number(segment)] = withValue(list[Number(segment)], rest, value);
    return list;
  }
  const map: Tree = typeof node === 'object' && node !== null && !Array.isArray(node) ? { ...(node as Tree) } : {};
  map[segment] = withValue(Object.hasOwn(map, segment) ? map[segment] : undefined, rest, value);
  return map;
}

function scalar(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    // A value such as `%abc` is no YAML: it is the text itself.
    return text;
  }
}
