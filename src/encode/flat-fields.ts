/** The leaves of an alert record under joined names: `source.ip`, `flint.matched[0].value`. */

export type FlatValue = string | number;

/** Calls `visit` for each leaf in the order of the record. Arrays of texts and numbers are one leaf, joined by a comma and a blank. */
export function visitLeaves(value: unknown, name: string, visit: (name: string, value: FlatValue) => void): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'string' || typeof value === 'number') visit(name, value);
  else if (typeof value === 'boolean') visit(name, String(value));
  else if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) visit(name, value.join(', '));
    else for (const [i, item] of value.entries()) visitLeaves(item, `${name}[${i}]`, visit);
  } else if (typeof value === 'object')
    for (const [key, item] of Object.entries(value)) visitLeaves(item, name === '' ? key : `${name}.${key}`, visit);
}
