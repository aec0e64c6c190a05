/** A YAML file with positions: values for the program, and for every key the line and column that an error names. */
import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';

const MAX_FILE_BYTES = 16 * 1024 * 1024;

export interface YamlFile {
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** Span of the value at a path such as `inputs.0.port`; the nearest enclosing node when it does not exist. */
  spanOf(path: string): Span;
}

/** Never throws for bad contents or a missing file: both are diagnostics. */
export function readYamlFile(file: string): YamlFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(
      file,
      diagnostic('CONFIG_UNREADABLE', 'error', `configuration file "${file}" cannot be read: ${reason}`),
    );
  }
  if (text.length > MAX_FILE_BYTES) {
    return failed(file, diagnostic('CONFIG_UNREADABLE', 'error', `configuration file "${file}" is larger than 16 MiB`));
  }
  return parseYaml(text, file);
}

export function parseYaml(text: string, file: string): YamlFile {
  const lines = text.split('\n');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const spanAt = (offset: number): Span => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col, sourceLine: lines[line - 1] ?? '' };
  };
  const diagnostics = document.errors.map((error) =>
    diagnostic('CONFIG_UNREADABLE', 'error', firstLine(error.message), { span: spanAt(error.pos[0]) }),
  );
  return {
    value: diagnostics.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 }),
    diagnostics,
    spanOf: (path) => {
      const offset = offsetOf(document.contents, path.split('.'));
      return offset === undefined ? { file } : spanAt(offset);
    },
  };
}

function offsetOf(node: Node | null, path: readonly string[]): number | undefined {
  let current: unknown = node;
  let offset = node?.range?.[0];
  for (const segment of path) {
    if (isMap(current)) {
      const pair = current.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      current = pair.value;
    } else if (isSeq(current)) {
      current = current.items[Number(segment)];
      offset = (current as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

function failed(file: string, problem: Diagnostic): YamlFile {
  return { value: undefined, diagnostics: [problem], spanOf: () => ({ file }) };
}

function firstLine(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.charAt(0).toLowerCase() + line.slice(1);
}
