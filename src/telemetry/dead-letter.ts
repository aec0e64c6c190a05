/**
 * Dead-letter file: samples of records that could not be read as what they claim to be, one JSON line each with time, input, code, reason and the
 * first bytes, escaped so that no terminal and no reader is fooled. Bounded: at MAX the file becomes `name.1` and a new one begins; samples that come
 * faster than the disk takes them are counted and left out. The directory and name come from configuration, never from a record.
 */
import { chmod, open, rename, stat } from 'node:fs/promises';

export interface DeadLetterOptions {
  readonly path: string;
  /** Size at which the file is replaced; with the one before, twice this stays on disk. */
  readonly maxBytes: number;
  readonly now: () => number;
}

export interface DeadLetter {
  readonly input: string;
  /** Error code (`DATA_BAD_JSON`). */
  readonly code: string;
  readonly reason: string;
  readonly sample?: Uint8Array;
}

/** Bytes of a record that are shown. */
const SAMPLE_BYTES = 512;
/** Lines waiting for the disk. */
const MAX_WAITING = 1000;

export class DeadLetterFile {
  readonly #options: DeadLetterOptions;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #skipped = 0;
  #failed = 0;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** Samples left out because too many came at once. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Samples lost because the file could not be written. */
  get failed(): number {
    return this.#failed;
  }

  /** Returns at once; the bytes are copied. */
  write(letter: DeadLetter): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#skipped++;
      return;
    }
    this.#waiting.push(deadLetterLine(letter, this.#options.now()));
    this.#writing ??= this.#flush().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything given is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #flush(): Promise<void> {
    // Lets what comes in the same turn go out in one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await appendBounded(this.#options, batch.join(''));
      } catch {
        // Full disk, missing permission: samples are a help, not data; their loss is counted.
        this.#failed += batch.length;
      }
    }
  }
}

/** One line with its end. Bytes outside of printable ASCII stand as `\xNN`, a backslash doubled. */
export function deadLetterLine({ input, code, reason, sample }: DeadLetter, nowMs: number): string {
  const bytes = sample?.subarray(0, SAMPLE_BYTES);
  return `${JSON.stringify({
    time: new Date(nowMs).toISOString(),
    input: printable(input),
    code,
    reason: printable(reason),
    ...(sample !== undefined && { bytes: sample.length, sample: bytes === undefined ? '' : escapeBytes(bytes) }),
  })}\n`;
}

async function appendBounded({ path, maxBytes }: DeadLetterOptions, text: string): Promise<void> {
  if ((await sizeOf(path)) + text.length > maxBytes) await renameIfThere(path, `${path}.1`);
  const file = await open(path, 'a', 0o600);
  try {
    await chmod(path, 0o600);
    // A burst larger than the whole limit is cut at a line.
    const end = text.length <= maxBytes ? text.length : text.lastIndexOf('\n', maxBytes - 1) + 1;
    await file.write(text.slice(0, end));
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    // Not there yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // Nothing written yet.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function printable(text: string): string {
  return escapeBytes(Buffer.from(text.slice(0, SAMPLE_BYTES), 'utf8')).replaceAll('\\\\', '\\');
}
