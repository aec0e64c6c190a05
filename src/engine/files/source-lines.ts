/**
 * The lines of text that diagnostics point at, read back from their files for people. Loaders keep only line numbers, because a feed
 * with a million bad lines must stay cheap; `check` has time to look again. Compressed files and URLs have no lines to show.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Diagnostic } from '../../errors/diagnostic.ts';

const MAX_CHARACTERS = 500;

export async function withSourceLines(diagnostics: readonly Diagnostic[]): Promise<Diagnostic[]> {
  const wanted = new Map<string, Set<number>>();
  for (const { span } of diagnostics) {
    if (span?.line === undefined || span.sourceLine !== undefined) continue;
    wanted.set(span.file, (wanted.get(span.file) ?? new Set()).add(span.line));
  }
  const lines = new Map<string, ReadonlyMap<number, string>>();
  for (const [file, numbers] of wanted) if (existsSync(file)) lines.set(file, await readLines(file, numbers));
  return diagnostics.map((problem) => {
    const { span } = problem;
    const sourceLine = span?.line === undefined ? undefined : lines.get(span.file)?.get(span.line);
    return span === undefined || sourceLine === undefined ? problem : { ...problem, span: { ...span, sourceLine } };
  });
}

async function readLines(file: string, numbers: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  const stream = createReadStream(file);
  const last = Math.max(...numbers);
  let number = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (numbers.has(number) && !line.includes('\ufffd')) found.set(number, line.slice(0, MAX_CHARACTERS));
      if (number >= last) break;
    }
  } catch (error) {
    // The file went away meanwhile: the diagnostics stand without it.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  } finally {
    stream.destroy();
  }
  return found;
}
