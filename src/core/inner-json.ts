/** JSON that stands as a text inside of a record, read as the record itself is. */
import type { EventValue } from './event.ts';
import { parseJson } from './json-value.ts';

/** The default of `limits.json_depth`. */
const MAX_DEPTH = 128;

/** Undefined: no JSON, or nested deeper than records may be; then it stays the text that it is. */
export function parseInnerJson(text: string): EventValue | undefined {
  const parsed = parseJson(text, MAX_DEPTH);
  return parsed.problem === undefined ? parsed.value : undefined;
}
