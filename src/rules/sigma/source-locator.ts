/**
 * SourceLocator: where in a YAML file a value stands. Rules are loaded by a fast parser without positions; only when something
 * is to be reported the file is parsed a second time by one that keeps them, so that messages point at line and column.
 */
import type { Document, Node, Pair, Range } from 'yaml';
import type { SigmaFile } from './collection.ts';
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Span } from '../../errors/diagnostic.ts';

export type YamlPath = readonly (string | number)[];

/** What of a place to point at. */
export interface Place {
  readonly path: YamlPath;
  /** Points at the key instead of the value. */
  readonly key?: boolean;
  /** Offset in a text value, and how many characters it is about. */
  readonly at?: number;
  readonly length?: number;
}

export class SourceLocator {
  readonly #source: Pick<SigmaFile, 'path' | 'text'>;
  #read: string | undefined;
  #documents: readonly Document[] | undefined;
  #lines: LineCounter | undefined;

  /** Its text is asked for when something is to be located. */
  constructor(source: Pick<SigmaFile, 'path' | 'text'>) {
    this.#source = source;
  }

  get file(): string {
    return this.#source.path;
  }

  get #text(): string {
    this.#read ??= this.#source.text;
    return this.#read;
  }

  /** The span of a place in document `index`; of the nearest enclosing node when the place itself does not exist. */
  locate(index: number, place: Place): Span {
    const document = this.#parsed()[index];
    const root = document?.contents;
    if (root === null || root === undefined) return { file: this.file };
    const found = descend(root as Node, place.path);
    const node =
      place.key === true && found.keyNode !== undefined ? found.keyNode : (found.node ?? found.keyNode ?? root);
    const range = (node as Node).range;
    if (range === null || range === undefined) return { file: this.file };
    const inside = place.at === undefined || found.depth < place.path.length ? 0 : offsetInScalar(node, place.at);
    const length = place.length ?? lengthOf(this.#text, range);
    return this.spanAt(range[0] + inside, length);
  }

  spanAt(offset: number, length: number): Span {
    this.#parsed();
    const { line, col } = (this.#lines as LineCounter).linePos(offset);
    const start = offset - col + 1;
    const end = this.#text.indexOf('\n', start);
    const sourceLine = this.#text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
    return { file: this.file, line, column: col, sourceLine, length: Math.max(1, length) };
  }

  /** The documents as the position-keeping parser sees them, with their errors. */
  documents(): readonly Document[] {
    return this.#parsed();
  }

  #parsed(): readonly Document[] {
    this.#lines ??= new LineCounter();
    this.#documents ??= parseAllDocuments(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: 'core',
      logLevel: 'silent',
    }) as unknown as readonly Document[];
    return this.#documents;
  }
}

function descend(root: Node, path: YamlPath): { node?: Node; keyNode?: Node; depth: number } {
  let node: Node | undefined = root;
  let keyNode: Node | undefined;
  let depth = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) break;
      keyNode = pair.key as Node;
      node = (pair.value ?? undefined) as Node | undefined;
    } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) {
      keyNode = undefined;
      node = node.items[step] as Node;
    } else break;
    depth++;
  }
  return { ...(node === undefined ? {} : { node }), ...(keyNode === undefined ? {} : { keyNode }), depth };
}

/** Exact for plain and quoted one-line scalars without escapes; the start of the text for block scalars. */
function offsetInScalar(node: unknown, at: number): number {
  if (!isScalar(node)) return 0;
  if (node.type === 'PLAIN') return at;
  return node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? at + 1 : 0;
}

function lengthOf(text: string, range: Range): number {
  const [start, end] = range;
  const line = text.slice(start, end).split('\n', 1)[0] as string;
  return line.length;
}
