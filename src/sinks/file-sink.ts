/**
 * Sink `file:`: one line per message, appended; rotated by size or age to `name.1`, `name.2`, … The file is private to its owner. A batch is one
 * write; what a failed write left behind is cut off again, so that no line stands there in part: at once, or, of a program that was killed
 * in the middle of its write, when the file is opened next. A file that was moved away by another program (logrotate) is noticed before
 * the next batch.
 */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { lines } from './line-framing.ts';
import {
  type OutgoingMessage,
  type Sink,
  type SinkAddress,
  type SinkContext,
  SinkError,
  type SinkKind,
} from './sink.ts';

const FileOptions = Type.Object(
  {
    max_bytes: Type.Integer({
      default: 104_857_600,
      minimum: 0,
      description: 'size at which the file is rotated; 0: never',
      'x-unit': 'bytes',
    }),
    max_age_hours: Type.Number({
      default: 0,
      minimum: 0,
      description: 'age at which the file is rotated; 0: never',
      'x-unit': 'hours',
    }),
    keep: Type.Integer({ default: 5, minimum: 0, maximum: 1000, description: 'rotated files that are kept' }),
    sync: Type.Union([Type.Literal('never'), Type.Literal('always')], {
      default: 'never',
      description: 'force each batch to the disk before it counts as delivered',
    }),
  },
  { additionalProperties: false },
);

export const fileKind: SinkKind = {
  protocol: 'file',
  summary: 'one line per alert in a file, rotated by size or age',
  example: 'file:/var/log/flint/alerts.ndjson?max_bytes=10000000',
  transports: [],
  defaultFormat: 'ecs',
  options: FileOptions,
  traits: () => ({ queued: false, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY }),
  open: (address, context) => new FileSink(address, context),
};

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  /** Pipes and devices are neither rotated nor cut. */
  readonly regular: boolean;
  readonly startedMs: number;
  bytes: number;
}

const LINE_FEED = 0x0a;
/** A last line is looked at as far as this; a longer one is not one of ours. */
const MAX_LINE_BYTES = 4 << 20;

class FileSink implements Sink {
  readonly #path: string;
  readonly #options: Static<typeof FileOptions>;
  readonly #now: () => number;
  #file: OpenFile | undefined;
  #closed = false;

  constructor(address: SinkAddress, context: SinkContext) {
    const {
      max_bytes = 104_857_600,
      max_age_hours = 0,
      keep = 5,
      sync = 'never',
    } = address.options as Partial<Static<typeof FileOptions>>;
    this.#path = address.path;
    this.#options = { max_bytes, max_age_hours, keep, sync };
    this.#now = context.now;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#closed) throw new SinkError('sink is closed', { retryable: false });
    try {
      const bytes = lines(messages.map(({ body }) => body));
      const file = await this.#ready(bytes.length);
      await this.#append(file, bytes);
    } catch (cause) {
      // Full disk, missing folder or permission: someone can mend it, the messages wait.
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new SinkError(`cannot write "${this.#path}": ${reason}`, { retryable: true, cause });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#release();
  }

  async #append(file: OpenFile, bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length)
        written += (await file.handle.write(bytes, written, bytes.length - written)).bytesWritten;
      if (this.#options.sync === 'always' && file.regular) await file.handle.datasync();
      file.bytes += bytes.length;
    } catch (error) {
      if (written > 0 && file.regular) await file.handle.truncate(file.bytes);
      throw error;
    }
  }

  async #ready(bytes: number): Promise<OpenFile> {
    if (this.#file !== undefined && !(await this.#stillThere(this.#file))) await this.#release();
    this.#file ??= await openForAppend(this.#path, this.#now());
    if (!this.#isDue(this.#file, bytes)) return this.#file;
    await this.#release();
    await this.#rotate();
    this.#file = await openForAppend(this.#path, this.#now());
    return this.#file;
  }

  #isDue({ bytes: present, startedMs, regular }: OpenFile, coming: number): boolean {
    const { max_bytes: maxBytes, max_age_hours: maxAgeHours } = this.#options;
    if (!regular || present === 0) return false;
    if (maxBytes > 0 && present + coming > maxBytes) return true;
    return maxAgeHours > 0 && this.#now() - startedMs >= maxAgeHours * 3_600_000;
  }

  async #stillThere(file: OpenFile): Promise<boolean> {
    try {
      return (await stat(this.#path)).ino === file.inode;
    } catch (error) {
      // Moved or deleted.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { keep } = this.#options;
    if (keep === 0) return rm(this.#path, { force: true });
    for (let n = keep - 1; n >= 1; n--) await renameIfThere(`${this.#path}.${n}`, `${this.#path}.${n + 1}`);
    await renameIfThere(this.#path, `${this.#path}.1`);
  }

  async #release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }
}

async function openForAppend(path: string, nowMs: number): Promise<OpenFile> {
  const handle = await open(path, 'a+', 0o600);
  const { ino, size, birthtimeMs } = await handle.stat();
  const regular = (await handle.stat()).isFile();
  const file = {
    handle,
    inode: ino,
    regular,
    startedMs: size === 0 || birthtimeMs === 0 ? nowMs : birthtimeMs,
    bytes: size,
  };
  if (regular && size > 0) file.bytes = await endLastLine(handle, size);
  return file;
}

/** A line that somebody did not end must not run into ours: one of JSON in part is cut off, any other ended. Returns the bytes of the file. */
async function endLastLine(handle: FileHandle, size: number): Promise<number> {
  const tail = Buffer.alloc(Math.min(size, MAX_LINE_BYTES));
  const { bytesRead } = await handle.read(tail, 0, 1, size - 1);
  if (bytesRead === 0 || tail[0] === LINE_FEED) return size;
  await handle.read(tail, 0, tail.length, size - tail.length);
  const start = tail.lastIndexOf(LINE_FEED) + 1;
  const whole = start > 0 || tail.length === size;
  if (whole && isTornObject(tail.toString('utf8', start))) {
    const bytes = size - (tail.length - start);
    await handle.truncate(bytes);
    return bytes;
  }
  return size + (await handle.write(Buffer.from([LINE_FEED]))).bytesWritten;
}

function isTornObject(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return false;
  } catch {
    // The end of the object is missing.
    return true;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // Not that many rotated files yet.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
