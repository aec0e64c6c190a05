/** What a feed is, by its first bytes. */
import { TextDecoding, textEncoding } from '../../core/text-encoding.ts';
import { headerMapping, isTypeName } from './column-mapping.ts';
import { likelyDelimiter } from './table-list.ts';
import { guessValue } from './value-kind.ts';

const FEED_FORMATS = [
  'stix',
  'plain',
  'table',
  'hosts',
  'misp',
  'warninglist',
  'json-values',
  'misp-manifest',
] as const;
export type FeedFormat = (typeof FEED_FORMATS)[number];

const MIN_SHARE = 0.3;
const DIALECT = /^(?:\|\||@@|\[Adblock|(?:address|server|local)=\/|local-(?:zone|data):)/;
const HOSTS_LINE = /^(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|fe80::1%\w+|ff0\d::\d)\s+\S/;

/** Undefined when it is nothing that is understood: a web page, binary data. `head` is the first 64 KiB or less. */
export function feedFormat(head: Uint8Array): FeedFormat | undefined {
  const text = new TextDecoding(textEncoding(head)).write(head);
  const start = text.replace(/^\ufeff/, '').trimStart();
  if (start.startsWith('{') || start.startsWith('[')) {
    const json = jsonFormat(start);
    if (json !== undefined) return json;
  }
  if (/^<(?:!doctype|html|\?xml|!--)/i.test(start) || start.includes('\0')) return undefined;
  return textFormat(start);
}

function jsonFormat(start: string): FeedFormat | undefined {
  if (/"(?:Event|response|Attribute)"\s*:/.test(start))
    return isStix(start) ? 'stix' : /"uuid"|"response"/.test(start) ? 'misp' : undefined;
  if (isStix(start)) return 'stix';
  if (/"list"\s*:\s*\[/.test(start)) return 'warninglist';
  if (/^\[\s*(?:"|\])/.test(start)) return 'json-values';
  if (/^\{\s*"[0-9a-f-]{36}"\s*:\s*\{/.test(start)) return 'misp-manifest';
  // [Adblock Plus 2.0] and text in braces are lists of another kind.
  return start.startsWith('[Adblock') ? 'plain' : undefined;
}

function isStix(start: string): boolean {
  return /"objects"\s*:\s*\[|"spec_version"\s*:|"type"\s*:\s*"(?:bundle|indicator|marking-definition|identity)"|"id"\s*:\s*"[a-z0-9-]+--[0-9a-f]{8}-/.test(
    start,
  );
}

function textFormat(start: string): FeedFormat | undefined {
  const all = start.split(/\r?\n|\r/);
  // The last line of a longer feed is cut off.
  const lines = all.length > 1 ? all.slice(0, -1) : all;
  const rows = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:#|;|\/\/|!)/.test(line))
    .slice(0, 50);
  if (rows.length === 0) return lines.some((line) => /^\s*[#;!]/.test(line)) || start === '' ? 'plain' : undefined;
  if (rows.filter((row) => HOSTS_LINE.test(row)).length * 2 > rows.length) return 'hosts';
  if (isTable(rows, lines)) return 'table';
  const entries = rows.filter(
    (row) =>
      DIALECT.test(row) ||
      guessValue(row) !== undefined ||
      guessValue(row.split(/[\s,;"]+/)[row.startsWith('"') ? 1 : 0] ?? '') !== undefined,
  );
  // Prose mentions values too; in a list most lines begin with one, however many are bad.
  return entries.length >= rows.length * MIN_SHARE ? 'plain' : undefined;
}

function isTable(rows: readonly string[], lines: readonly string[]): boolean {
  const delimiter = likelyDelimiter(rows);
  const cells = rows.map((row) => row.split(delimiter));
  if (lines.some((line) => line.startsWith('#fields\t'))) return true;
  if ((cells[0]?.length ?? 0) < 2) return false;
  if (!cells.every((row) => row.length > 1)) return false;
  if (headerMapping(cells[0] ?? []) !== undefined && guessValue(rows[0] ?? '') === undefined) return true;
  const quoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/, '$1');
  const typed = cells.some((row) =>
    row.some((cell) => isTypeName(quoted(cell)) && guessValue(quoted(cell)) === undefined),
  );
  // `198.51.100.7<TAB>12` is a list with something behind the value; it reads the same either way.
  return typed || cells.every((row) => row.filter((cell) => guessValue(quoted(cell)) !== undefined).length >= 1);
}
