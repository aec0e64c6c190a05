/**
 * An IndicatorTable as sections and back. Section `<prefix>.<column>` holds the bytes of that column as they lie in memory
 * (`IndicatorColumns` describes each), `<prefix>.texts` the pool of texts; `<prefix>.meta` is JSON with the profiles and feeds.
 */
import { type IndicatorColumns, IndicatorTable } from '../core/indicator-table.ts';
import type { TextPool } from '../core/text-pool.ts';
import { bytesOf, type SectionContent, type Sections } from './section-file.ts';

const BYTES = ['shape', 'pool', 'confidence', 'tlp'] as const;
const WORDS = ['valueStart', 'sourceStart', 'sources', 'index', 'profile', 'textStart'] as const;
const TIMES = ['validFrom', 'validUntil', 'modified'] as const;

export function tableToSections(table: IndicatorTable, prefix: string): Map<string, SectionContent> {
  const { columns } = table;
  const sections = new Map<string, SectionContent>([[`${prefix}.texts`, columns.texts]]);
  for (const name of [...BYTES, ...WORDS, ...TIMES]) sections.set(`${prefix}.${name}`, bytesOf(columns[name]));
  if (columns.idHash !== undefined) sections.set(`${prefix}.idHash`, bytesOf(columns.idHash));
  const meta = { profiles: columns.profiles, feeds: columns.feeds };
  sections.set(`${prefix}.meta`, Buffer.from(JSON.stringify(meta), 'utf8'));
  return sections;
}

/** Name of the section with the texts, which may stay on disk. */
export function textsSection(prefix: string): string {
  return `${prefix}.texts`;
}

/** Views of the sections, nothing is copied. Undefined when a section is missing or columns do not fit each other. */
export function tableFromSections(
  sections: Sections,
  texts: TextPool | undefined,
  prefix: string,
): IndicatorTable | undefined {
  const section = (name: string): Uint8Array => sections.get(`${prefix}.${name}`) ?? new Uint8Array(0);
  const words = (name: string): Uint32Array => {
    const bytes = section(name);
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  };
  const times = (name: string): Float64Array => {
    const bytes = section(name);
    return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 3);
  };
  const metaBytes = sections.get(`${prefix}.meta`);
  if (metaBytes === undefined || texts === undefined) return undefined;
  // The section has passed its checksum, so it is what `tableToSections` wrote.
  const meta = JSON.parse(Buffer.from(metaBytes).toString('utf8')) as Pick<IndicatorColumns, 'profiles' | 'feeds'>;
  const columns: IndicatorColumns = {
    shape: section('shape'),
    pool: section('pool'),
    texts,
    confidence: section('confidence'),
    tlp: section('tlp'),
    valueStart: words('valueStart'),
    sourceStart: words('sourceStart'),
    sources: words('sources'),
    index: words('index'),
    profile: words('profile'),
    textStart: words('textStart'),
    validFrom: times('validFrom'),
    validUntil: times('validUntil'),
    modified: times('modified'),
    ...(sections.has(`${prefix}.idHash`) && { idHash: words('idHash') }),
    profiles: meta.profiles,
    feeds: meta.feeds,
  };
  return fits(columns) ? new IndicatorTable(columns) : undefined;
}

function fits(columns: IndicatorColumns): boolean {
  const rows = columns.shape.length;
  const details = columns.profile.length;
  return (
    columns.valueStart.length === rows + 1 &&
    columns.valueStart[rows] === columns.pool.length &&
    columns.sourceStart.length === rows + 1 &&
    columns.sourceStart[rows] === columns.sources.length &&
    columns.index.length > rows &&
    (columns.index.length & (columns.index.length - 1)) === 0 &&
    columns.textStart.length === details + 1 &&
    columns.textStart[details] === columns.texts.byteLength &&
    (columns.idHash?.length ?? details) === details &&
    [columns.confidence, columns.tlp, columns.validFrom, columns.validUntil, columns.modified].every(
      (column) => column.length === details,
    )
  );
}
