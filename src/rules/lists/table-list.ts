/**
 * TableList: indicators in CSV, TSV and their kin. The delimiter and the columns are found out from the first rows unless named
 * (`column-mapping.ts`); rows are then read one by one.
 */
import type { FeedLoader } from '../../core/feed.ts';
import type { IndicatorKind } from '../../core/indicator.ts';
import { TLP_LEVELS } from '../../core/indicator-table.ts';
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { type ColumnMapping, type ColumnNames, guessedMapping, headerMapping, namedMapping } from './column-mapping.ts';
import { type Delimiter, DelimitedRows } from './delimited-rows.ts';
import { type EntryDetails, type ListFeed, ListWriter, shown } from './list-writer.ts';
import type { TextLines } from './text-lines.ts';
import { kindOfTypeName, pairOfTypeName } from './type-names.ts';

export interface TableListOptions {
  readonly delimiter?: Delimiter;
  readonly columns?: ColumnNames;
  /** Whether the first row names the columns; absent: by its look. */
  readonly header?: boolean;
  readonly kind?: IndicatorKind;
  /** What was found out before; nothing is guessed then. */
  readonly layout?: TableLayout;
}

/** What the first rows of a table decide about all of them. Plain data. */
export interface TableLayout {
  readonly delimiter: Delimiter;
  readonly mapping: ColumnMapping;
  /** The first row is a header. */
  readonly skipsFirst: boolean;
}

const SAMPLE_ROWS = 200;
const MAX_TEXT = 1024;

export class TableList implements FeedLoader {
  readonly #feed: ListFeed;
  readonly #options: TableListOptions;
  readonly #writer: ListWriter;
  readonly #lines: TextLines;
  #rows: DelimitedRows | undefined;
  #mapping: ColumnMapping | undefined;
  #delimiter: Delimiter = ',';
  #layout: TableLayout | undefined;
  #skipsNext = false;
  #rowCount = 0;
  #hasOwnDetails = false;
  #comment = '';
  #sample: { readonly cells: readonly string[]; readonly line: number }[] = [];
  #sampleLines: { readonly text: string; readonly line: number }[] = [];
  #broken: Diagnostic | undefined;

  constructor(feed: ListFeed, options: TableListOptions = {}) {
    this.#feed = feed;
    this.#options = options;
    this.#writer = new ListWriter(feed);
    this.#lines = this.#writer.lines((text, line) => this.#line(text, line));
    const { layout } = options;
    if (layout === undefined) return;
    this.#rows = new DelimitedRows(layout.delimiter, (cells, line) => this.#row(cells, line));
    this.#use(layout);
    this.#skipsNext = layout.skipsFirst;
  }

  /** Known from the time on when rows are taken one by one. */
  get layout(): TableLayout | undefined {
    return this.#layout;
  }

  /** Rows so far, the header included. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** No row goes on in the next line. */
  get isBetweenRows(): boolean {
    return this.#rows?.isBetweenRows !== false;
  }

  skip(lines: number): void {
    this.#lines.skip(lines);
  }

  push(chunk: Uint8Array): void {
    if (this.#broken === undefined) this.#lines.push(chunk);
  }

  end(): Diagnostic | undefined {
    this.#lines.end();
    if (this.#rows === undefined) this.#startRows();
    this.#rows?.end();
    if (this.#mapping === undefined && this.#broken === undefined) this.#chooseMapping();
    return this.#broken;
  }

  #line(text: string, line: number): void {
    if (text.trim() === '' || this.#broken !== undefined) return;
    if (text.startsWith('#')) {
      // The last comment above the first row may name the columns (abuse.ch, Zeek).
      if (this.#sampleLines.length === 0 && this.#rows === undefined)
        this.#comment = text.replace(/^#+\s*(?:fields\t)?/, '');
      return;
    }
    if (this.#rows !== undefined) {
      this.#rows.line(text, line);
      return;
    }
    this.#sampleLines.push({ text, line });
    if (this.#sampleLines.length >= SAMPLE_ROWS) this.#startRows();
  }

  #startRows(): void {
    const delimiter = this.#options.delimiter ?? likelyDelimiter(this.#sampleLines.map(({ text }) => text));
    this.#delimiter = delimiter;
    this.#rows = new DelimitedRows(delimiter, (cells, line) => this.#row(cells, line));
    const lines = this.#sampleLines;
    this.#sampleLines = [];
    for (const { text, line } of lines) this.#rows.line(text, line);
  }

  #row(cells: readonly string[], line: number): void {
    this.#rowCount++;
    if (this.#skipsNext) this.#skipsNext = false;
    else if (this.#mapping !== undefined) this.#entry(this.#mapping, cells, line);
    else {
      this.#sample.push({ cells, line });
      if (this.#sample.length >= SAMPLE_ROWS) this.#chooseMapping();
    }
  }

  #use(layout: TableLayout): void {
    this.#layout = layout;
    this.#mapping = layout.mapping;
    const { name, description, reference, confidence, tlp, validFrom, validUntil } = layout.mapping;
    this.#hasOwnDetails = [name, description, reference, confidence, tlp, validFrom, validUntil].some(
      (column) => column !== undefined,
    );
  }

  #chooseMapping(): void {
    const [first] = this.#sample;
    if (first === undefined) return;
    const commented = this.#headerInComment(first.cells.length);
    const own =
      this.#options.header !== false && commented === undefined ? first.cells.map((cell) => cell.trim()) : undefined;
    const { columns, header } = this.#options;
    const named = columns === undefined ? undefined : namedMapping(columns, commented ?? own);
    if (typeof named === 'string') {
      this.#fail(named, first.line);
      return;
    }
    const byHeader = headerMapping(commented ?? own ?? []);
    const mapping = named ?? byHeader ?? guessedMapping(this.#sample.map(({ cells }) => cells));
    if (mapping === undefined) {
      this.#fail('no column holds values that can be indicators', first.line);
      return;
    }
    const byName =
      columns !== undefined &&
      Object.values(columns)
        .flat()
        .some((name) => typeof name === 'string');
    const headerIsRow =
      commented === undefined && (header === true || (header !== false && (byName || byHeader !== undefined)));
    this.#use({ delimiter: this.#delimiter, mapping, skipsFirst: headerIsRow });
    const rows = this.#sample;
    this.#sample = [];
    for (const { cells, line } of headerIsRow ? rows.slice(1) : rows) this.#entry(mapping, cells, line);
  }

  #headerInComment(columns: number): readonly string[] | undefined {
    let cells: readonly string[] | undefined;
    const delimiter = this.#options.delimiter ?? likelyDelimiter([this.#comment]);
    const rows = new DelimitedRows(delimiter, (row) => {
      cells = row.map((cell) => cell.trim());
    });
    rows.line(this.#comment, 1);
    rows.end();
    return cells?.length === columns && (columns > 1 || headerMapping(cells) !== undefined) ? cells : undefined;
  }

  #entry(mapping: ColumnMapping, cells: readonly string[], line: number): void {
    const provider = cellOf(cells, mapping.provider)?.slice(0, MAX_TEXT);
    const own = this.#hasOwnDetails ? ownDetails(mapping, cells) : undefined;
    const typeName = cellOf(cells, mapping.type);
    let found = false;
    for (const { column, kind } of mapping.values) {
      const text = cellOf(cells, column);
      if (text === undefined) continue;
      found = true;
      this.#value(text, typeName, kind ?? this.#options.kind, { line, provider, own });
    }
    if (found) return;
    this.#feed.report.entry();
    this.#writer.bad(line, 'row has no value');
  }

  #value(
    text: string,
    typeName: string | undefined,
    kind: IndicatorKind | undefined,
    more: { readonly line: number; readonly provider: string | undefined; readonly own: EntryDetails | undefined },
  ): void {
    const { line, provider, own } = more;
    const named = typeName === undefined ? undefined : kindOfTypeName(typeName);
    if (named !== undefined || typeName === undefined || kind !== undefined) {
      this.#writer.write(text, line, named ?? kind, provider, own);
      return;
    }
    const pair = pairOfTypeName(typeName);
    if (pair === undefined) {
      this.#feed.report.note('unknown-type');
      this.#writer.write(text, line, undefined, provider, own);
    } else writePair(this.#writer, pair, text, line, provider, own);
  }

  #fail(message: string, line: number): void {
    this.#broken = diagnostic('INTEL_BAD_COLUMNS', 'error', shown(message), { span: { file: this.#feed.file, line } });
    this.#sample = [];
  }
}

/** The halves of a MISP pair such as `domain|ip`; an address and port are one endpoint. */
export function writePair(
  writer: ListWriter,
  pair: NonNullable<ReturnType<typeof pairOfTypeName>>,
  text: string,
  line: number,
  provider?: string,
  own?: EntryDetails,
): void {
  const bar = text.indexOf('|');
  if (bar < 0) {
    writer.write(text, line, pair.isEndpoint ? 'endpoint' : undefined, provider, own);
  } else if (pair.isEndpoint) {
    const host = text.slice(0, bar);
    const isBare6 = host.split(':').length > 2 && !host.startsWith('[');
    writer.write(`${isBare6 ? `[${host}]` : host}:${text.slice(bar + 1)}`, line, 'endpoint', provider, own);
  } else {
    if (pair.first !== undefined) writer.write(text.slice(0, bar), line, pair.first, provider, own);
    if (pair.second !== undefined) writer.write(text.slice(bar + 1), line, pair.second, provider, own);
  }
}

function ownDetails(mapping: ColumnMapping, cells: readonly string[]): EntryDetails | undefined {
  const name = cellOf(cells, mapping.name);
  const description = cellOf(cells, mapping.description);
  const reference = cellOf(cells, mapping.reference);
  const confidence = Number(cellOf(cells, mapping.confidence) ?? Number.NaN);
  const tlpText = cellOf(cells, mapping.tlp)
    ?.toLowerCase()
    .replace(/^tlp:/, '')
    .replace(/^white$/, 'clear');
  const tlp = TLP_LEVELS.find((level) => level === tlpText);
  const validFromMs = timeOf(cellOf(cells, mapping.validFrom));
  const validUntilMs = timeOf(cellOf(cells, mapping.validUntil));
  const own: EntryDetails = {
    ...(name === undefined ? {} : { name: name.slice(0, MAX_TEXT) }),
    ...(description === undefined ? {} : { description: description.slice(0, 4 * MAX_TEXT) }),
    ...(reference === undefined ? {} : { references: [reference.slice(0, 2 * MAX_TEXT)] }),
    ...(confidence >= 0 && confidence <= 100 ? { confidence: Math.round(confidence) } : {}),
    ...(tlp === undefined ? {} : { tlp }),
    ...(validFromMs === undefined ? {} : { validFromMs }),
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
  };
  return Object.keys(own).length === 0 ? undefined : own;
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ns = parseStixTimestamp(text.replace(' ', 'T').replace(/(\d)$/, '$1Z'));
  const ms = ns === undefined ? Date.parse(text) : Number(ns / 1_000_000n);
  return Number.isNaN(ms) ? undefined : ms;
}

function cellOf(cells: readonly string[], column: number | undefined): string | undefined {
  const text = column === undefined ? undefined : cells[column]?.trim();
  return text === '' || text === '-' ? undefined : text;
}

/** The one that stands in most lines, in equal number; tab before comma, as values hold commas more often. */
export function likelyDelimiter(lines: readonly string[]): Delimiter {
  const sample = lines.slice(0, 20);
  const candidates: readonly Delimiter[] = ['\t', ';', '|', ','];
  const lined = candidates.find((delimiter) => sample.length > 0 && sample.every((line) => line.includes(delimiter)));
  return lined ?? (sample.some((line) => line.includes('\t')) ? '\t' : ',');
}
