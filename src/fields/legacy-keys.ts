/**
 * The key-mapping file of STIX Spark (`-k`; stix-spark.md section 4.4): one `name : key` per line, 17 names. The mapped key is a
 * fallback: where an event lacks the built-in key, in plain or GELF form, the value of the mapped key stands in. Keys are compared
 * without case. Unlike the original, unknown names and lines without a colon are reported.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import { suggestion } from '../errors/nearest.ts';

const NAMES = [
  'begin_time',
  'src_ip',
  'dst_ip',
  'forward',
  'retcode',
  'src_port',
  'dst_port',
  'req_header',
  'req_body',
  'rsp_header',
  'rsp_body',
  'url',
  'method',
  'message',
  'domain',
  'host',
  'source',
] as const;

/** Built-in name in upper case to the event's key in lower case. */
export type KeyMap = ReadonlyMap<string, string>;

export interface ParsedKeyMap {
  readonly map: KeyMap;
  readonly diagnostics: readonly Diagnostic[];
}

/** The last line for a name wins. */
export function parseKeyMap(text: string, file: string): ParsedKeyMap {
  const map = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const key = line.slice(colon + 1).trim();
    const span = { file, line: i + 1, column: 1, sourceLine: line };
    if (colon < 0 || key === '') {
      diagnostics.push(
        diagnostic('CONFIG_BAD_VALUE', 'warning', `line ${i + 1} of the key map is no "name : key"`, { span }),
      );
    } else if (!(NAMES as readonly string[]).includes(name)) {
      diagnostics.push(
        diagnostic('CONFIG_UNKNOWN_KEY', 'warning', `unknown name "${name}" in the key map${suggestion(name, NAMES)}`, {
          span,
        }),
      );
    } else {
      map.set(builtInKey(name), key.toLowerCase());
    }
  }
  return { map, diagnostics };
}

/** The event with the values of mapped keys under the built-in names it lacks; the same object when nothing is missing. */
export function applyKeyMap(fields: EventObject, map: KeyMap): EventObject {
  const present = new Map<string, EventValue>();
  for (const key of Object.keys(fields)) {
    const lower = key.toLowerCase();
    if (!present.has(lower)) present.set(lower, fields[key] as EventValue);
  }
  const added: Record<string, EventValue> = {};
  for (const [name, key] of map) {
    const value = present.get(key);
    const builtIn = name.toLowerCase();
    if (value !== undefined && !present.has(builtIn) && !present.has(`_${builtIn}`)) added[name] = value;
  }
  return Object.keys(added).length === 0 ? fields : { ...fields, ...added };
}

/** `host`, `message` and `source` are lower case in the original's events, the others upper case. */
function builtInKey(name: string): string {
  return name === 'host' || name === 'message' || name === 'source' ? name : name.toUpperCase();
}
