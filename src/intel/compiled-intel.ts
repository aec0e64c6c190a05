/**
 * The compiled indicator file: an IntelSet that loads by reading (`section-file.ts` describes the frame). Sections:
 *
 *   indicators.*, benign.*   columns of the two tables (`table-sections.ts`)
 *   patterns                 JSON: `deferred`, `sigma`, `markings`
 *   feeds                    JSON: the state of each feed when it was compiled
 *   revoked                  16 bytes for each id that is withdrawn for good
 *   contested                16 bytes for each id that came in several feeds
 *   ordinals                 8 bytes for each name, by its number
 *   x.<name>                 whatever else the caller wants beside the tables, such as the scanner's hash tables
 */
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import { MemoryTexts, type TextPool } from '../core/text-pool.ts';
import { BenignSet } from './benign-set.ts';
import { DiskTexts, privateCopy } from './disk-texts.ts';
import type { IntelSet } from './intel-set.ts';
import {
  bytesOf,
  hasMagic,
  readSectionFile,
  type SectionContent,
  type SectionFileOptions,
  type SectionRead,
  type Sections,
  writeSectionFile,
} from './section-file.ts';
import { tableFromSections, tableToSections, textsSection } from './table-sections.ts';

const COMPILED_MAGIC = 'FLNTINTL';
const COMPILED_VERSION = 1;
const EXTRA = 'x.';

export type CompiledRead =
  | { readonly ok: true; readonly set: IntelSet }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** Whether the first bytes of a file (8 or more) are those of a compiled file. */
export function isCompiledIntel(head: Uint8Array): boolean {
  return hasMagic(head, COMPILED_MAGIC);
}

/** Writes the file in one step. @throws on I/O problems. Names in `extra` have at most 38 ASCII characters. */
export function compileIntel(
  set: IntelSet,
  path: string,
  extra: Sections = new Map(),
  options: SectionFileOptions = {},
): void {
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');
  const sections = new Map<string, SectionContent>([
    ...tableToSections(set.indicators, 'indicators'),
    ...tableToSections(set.benign.table, 'benign'),
    ['patterns', json({ deferred: set.deferred, sigma: set.sigma, markings: set.markings })],
    ['feeds', json(set.feeds)],
    ['revoked', bytesOf(set.revoked)],
    ['contested', bytesOf(set.contested)],
    ['ordinals', bytesOf(set.ordinals)],
  ]);
  for (const [name, bytes] of extra) sections.set(EXTRA + name, bytes);
  writeSectionFile(path, COMPILED_MAGIC, COMPILED_VERSION, sections, options);
}

/**
 * Reads and checks a compiled file. With a `spillFolder` large texts are copied there instead of taking memory; never read from the
 * file itself later, because somebody may write over it. @throws on I/O problems.
 */
export function readCompiledIntel(path: string, spillFolder?: string): CompiledRead {
  const textsName = textsSection('indicators');
  const read = readSectionFile(
    path,
    COMPILED_MAGIC,
    COMPILED_VERSION,
    (name) => spillFolder !== undefined && name === textsName,
  );
  if (!read.ok) return read;
  const { sections } = read;
  const texts = textsOf(read, textsName, spillFolder);
  const indicators = tableFromSections(sections, texts, 'indicators');
  const benignTexts = sections.get(textsSection('benign'));
  const benign = tableFromSections(
    sections,
    benignTexts === undefined ? undefined : new MemoryTexts(benignTexts),
    'benign',
  );
  const [patterns, feeds, revoked] = [sections.get('patterns'), sections.get('feeds'), sections.get('revoked')];
  if (!indicators || !benign || !patterns || !feeds || !revoked) {
    const message = `"${path}" is damaged: a section is missing or does not fit the others`;
    return { ok: false, diagnostic: diagnostic('INTEL_COMPILED_DAMAGED', 'error', message, { span: { file: path } }) };
  }
  // Sections have passed their checksums, so they are what `compileIntel` wrote.
  const parsed = JSON.parse(textOf(patterns)) as Pick<IntelSet, 'deferred' | 'sigma'> &
    Partial<Pick<IntelSet, 'markings'>>;
  const states = JSON.parse(textOf(feeds)) as IntelSet['feeds'];
  return {
    ok: true,
    set: {
      indicators,
      benign: new BenignSet(benign),
      deferred: parsed.deferred,
      sigma: parsed.sigma,
      feeds: states.map((feed) => ({ ...feed, container: path })),
      diagnostics: [],
      revoked: wordsOf(revoked),
      // Files of an older program have none of these.
      contested: wordsOf(sections.get('contested')),
      ordinals: wordsOf(sections.get('ordinals')),
      markings: parsed.markings ?? [],
      extra: new Map(
        [...sections].flatMap(([name, bytes]) =>
          name.startsWith(EXTRA) ? [[name.slice(EXTRA.length), bytes] as const] : [],
        ),
      ),
    },
  };
}

function textsOf(
  read: SectionRead & { readonly ok: true },
  name: string,
  spillFolder: string | undefined,
): TextPool | undefined {
  const place = read.left.get(name);
  if (read.file !== undefined && place !== undefined && spillFolder !== undefined)
    return privateCopy(new DiskTexts(read.file, place.offset, place.length), spillFolder);
  const bytes = read.sections.get(name);
  return bytes === undefined ? undefined : new MemoryTexts(bytes);
}

function wordsOf(bytes: Uint8Array = new Uint8Array(0)): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
