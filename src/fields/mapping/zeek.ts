/** Zeek logs, as JSON or as decoded TSV: the log's name is `_path`, `@stream` or `#path`; `id.orig_h` may be spelled `id_orig_h`. */
import type { EventObject } from '../../core/event.ts';
import { eventSource } from '../../core/event-source.ts';
import type { EventSource } from '../../core/event-source.ts';
import { scalarText } from './scalar-text.ts';
import { plainView } from './record-view.ts';
import type { Shape } from './shape.ts';
import { aliasTable } from './shape.ts';
import { aliasedEvent } from '../../core/rule-event.ts';

const PATH_KEYS = ['_path', '@stream', '#path'] as const;

/** Sigma's generic categories that a Zeek log is one of. */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  dns: ['dns'],
  conn: ['firewall'],
  http: ['proxy'],
};

/** Names of those categories. */
export const ZEEK_ALIASES: readonly (readonly [string, string])[] = [
  ['src_ip', 'id.orig_h'],
  ['src_port', 'id.orig_p'],
  ['dst_ip', 'id.resp_h'],
  ['dst_port', 'id.resp_p'],
  ['c-uri', 'uri'],
  ['c-useragent', 'user_agent'],
  ['cs-method', 'method'],
  ['cs-host', 'host'],
  ['cs-referer', 'referrer'],
  ['sc-status', 'status_code'],
  ['record_type', 'qtype_name'],
  ['answer', 'answers'],
];

const TABLE = aliasTable([
  ...ZEEK_ALIASES,
  ...['orig_h', 'orig_p', 'resp_h', 'resp_p'].map((side) => [`id.${side}`, `id_${side}`] as const),
  ...ZEEK_ALIASES.filter(([, from]) => from.startsWith('id.')).map(
    ([name, from]) => [name, from.replace('.', '_')] as const,
  ),
]);

export function zeek(): Shape {
  const sources = new Map<string, EventSource>();
  return {
    name: 'zeek',
    summary: 'Zeek logs (JSON, or TSV as decoded)',
    recognises: (fields) => pathOf(fields) !== undefined && isZeek(fields),
    view: (fields) => {
      return { event: aliasedEvent(fields, TABLE), source: sourceOf(pathOf(fields) ?? '', sources) };
    },
    recordView: (fields) => plainView(sourceOf(pathOf(fields) ?? '', sources), TABLE),
  };
}

function sourceOf(path: string, sources: Map<string, EventSource>): EventSource {
  let source = sources.get(path);
  if (source === undefined) {
    const categories = Object.hasOwn(CATEGORIES, path) ? (CATEGORIES[path] as readonly string[]) : [];
    source = eventSource('zeek', categories, [path]);
    // Zeek has some 70 logs; names are log content, so the cache is bounded.
    if (sources.size < 1024) sources.set(path, source);
  }
  return source;
}

function pathOf(fields: EventObject): string | undefined {
  for (const key of PATH_KEYS) {
    const path = scalarText(fields, key);
    if (path !== undefined) return path;
  }
  return undefined;
}

function isZeek(fields: EventObject): boolean {
  return (
    scalarText(fields, '@proc') === 'zeek' ||
    Object.hasOwn(fields, 'uid') ||
    Object.hasOwn(fields, 'fuid') ||
    Object.hasOwn(fields, 'id.orig_h') ||
    Object.hasOwn(fields, 'id_orig_h') ||
    Object.hasOwn(fields, 'id') ||
    (Object.hasOwn(fields, 'ts') && (Object.hasOwn(fields, '_path') || Object.hasOwn(fields, '#path')))
  );
}
