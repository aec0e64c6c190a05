/**
 * A YAML file with positions: typed access to its nodes that reports what is wrong where, as Diagnostics with the source line.
 * Nothing is thrown for bad text. Aliases are refused: a specification needs none, and they can blow up a small file.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { type Diagnostic, diagnostic, type Span } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';

/** Larger files are refused unread: the largest published specification has a few kilobytes. */
const MAX_CHARACTERS = 4_000_000;

const TRUE_WORDS = ['true', 'yes', 'on'];
const FALSE_WORDS = ['false', 'no', 'off'];

export class YamlSource {
  readonly diagnostics: Diagnostic[] = [];
  readonly root: Node | undefined;
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    if (text.length > MAX_CHARACTERS) {
      this.root = undefined;
      this.diagnostics.push(
        diagnostic('STATE_BAD_SPEC', 'error', `file has ${text.length} characters, more than ${MAX_CHARACTERS}`, {
          span: { file },
        }),
      );
      return;
    }
    const document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, stringKeys: false });
    for (const error of document.errors)
      this.report(`not valid YAML: ${firstLine(error.message)}`, undefined, error.pos[0]);
    this.root = document.contents ?? undefined;
    visit(document, {
      Alias: (_key, node) => {
        this.report('aliases are not allowed here', node);
        return visit.BREAK;
      },
    });
  }

  report(message: string, node?: Node | null, offset?: number, severity: 'error' | 'warning' = 'error'): void {
    const start = offset ?? node?.range?.[0] ?? 0;
    const length = offset === undefined && node?.range ? node.range[1] - node.range[0] : 1;
    this.diagnostics.push(diagnostic('STATE_BAD_SPEC', severity, message, { span: this.#span(start, length) }));
  }

  /** The pairs of a map by key; keys outside `known` are reported with the nearest known one. */
  entries(map: YAMLMap, known: readonly string[], what: string): Map<string, Node | null> {
    const entries = new Map<string, Node | null>();
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (known.includes(key)) entries.set(key, pair.value);
      else this.report(`unknown key "${key}" in ${what}${suggestion(key, known)}`, pair.key);
    }
    return entries;
  }

  text(node: Node | null | undefined, what: string): string | undefined {
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    // A number or boolean as a name is what the author wrote, not what YAML made of it: 007, yes.
    if (isScalar(node) && node.value !== null && typeof node.source === 'string') return node.source;
    this.report(`${what} must be a text`, node);
    return undefined;
  }

  boolean(node: Node | null | undefined, what: string): boolean | undefined {
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    // YAML 1.1, which other readers of such files follow, has more words for them; quotes make no difference to what is meant.
    const text = isScalar(node) && typeof node.value === 'string' ? node.value.toLowerCase() : '';
    if (TRUE_WORDS.includes(text)) return true;
    if (FALSE_WORDS.includes(text)) return false;
    this.report(`${what} must be true or false`, node);
    return undefined;
  }

  list(node: Node | null | undefined, what: string): readonly Node[] | undefined {
    if (isSeq(node))
      return node.items.filter((item): item is Node => isScalar(item) || isMap(item) || isSeq(item) || isAlias(item));
    this.report(`${what} must be a list`, node);
    return undefined;
  }

  #span(offset: number, length: number): Span {
    const { line, col } = this.#lines.linePos(offset);
    const sourceLine = this.#text.split('\n', line)[line - 1] ?? '';
    return {
      file: this.#file,
      line,
      column: col,
      sourceLine,
      length: Math.max(1, Math.min(length, sourceLine.length - col + 1)),
    };
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}
