/**
 * Files: one, a folder or a pattern; read once, or followed as they grow. Following looks at the files every `poll_ms`, which works
 * on every file system: a file that is renamed away is read to its end while the new one under its name begins, one that is
 * truncated or copied and truncated begins anew, new files that fit the pattern join.
 */
import { stat } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { FRAMING_NAMES } from '../frame/registry.ts';
import { fileKey } from './file-fingerprint.ts';
import { FileReader, type FileReaderOptions } from './file-reader.ts';
import { isPattern, selectFiles } from './file-selection.ts';
import type { Input, InputAddress, InputContext, InputKind } from './input.ts';
import { MemoryPositionStore } from './position-store.ts';
import { maxRecordBytes, RECORD_OPTIONS } from './record-source.ts';

const fileOptions = Type.Object(
  {
    ...RECORD_OPTIONS,
    mode: Type.Union([Type.Literal('follow'), Type.Literal('read')], {
      default: 'follow',
      description: 'follow: go on as files grow, rotate and appear; read: to their present end, once',
    }),
    start: Type.Union([Type.Literal('beginning'), Type.Literal('end')], {
      default: 'beginning',
      description: 'where to begin in files that are there at the first start',
    }),
    framing: Type.Union(
      FRAMING_NAMES.map((name) => Type.Literal(name)),
      { default: 'auto', description: 'how records are told apart' },
    ),
    poll_ms: Type.Integer({
      default: 250,
      minimum: 10,
      maximum: 60_000,
      'x-unit': 'milliseconds',
      description: 'how often followed files are looked at',
    }),
    rotate_wait_ms: Type.Integer({
      default: 5000,
      minimum: 0,
      maximum: 600_000,
      'x-unit': 'milliseconds',
      description: 'how long a file that was renamed or deleted is watched for late lines after its last growth',
    }),
    max_files: Type.Integer({ default: 1024, minimum: 1, maximum: 65_536, description: 'files followed at once' }),
    pending_bytes: Type.Integer({
      default: 33_554_432,
      minimum: 65_536,
      'x-unit': 'bytes',
      description: 'records of one file read and not settled; beyond it reading waits',
    }),
    max_inflated_ratio: Type.Integer({
      default: 10_000,
      minimum: 10,
      description: 'how many times its size a compressed file may become',
    }),
  },
  { additionalProperties: false },
);
type FileOptions = Static<typeof fileOptions>;

/** What is read of one file before the others have their turn. */
const TURN_BYTES = 16 << 20;

/** zstd files made with --long need up to 128 MiB. */
const MAX_WINDOW_BYTES = 128 << 20;

export const fileInput: InputKind = {
  protocol: 'file',
  summary: 'files, folders and patterns; gzip and zstd; read once or followed through rotation',
  example: 'file:///var/log/nginx/*.log',
  transports: [],
  options: fileOptions,
  create: (address, context) => new FileInput(address, context),
};

interface Followed {
  readonly reader: FileReader;
  /** When the file was no longer found under its path, or grew last after that. */
  goneSinceMs: number | undefined;
}

class FileInput implements Input {
  readonly finished: Promise<void>;
  readonly boundAddress: string;
  readonly #context: InputContext;
  readonly #options: FileOptions;
  readonly #path: string;
  readonly #readerOptions: Omit<FileReaderOptions, 'path' | 'fromEnd'>;
  readonly #followed = new Map<string, Followed>();
  #running: Promise<void> = Promise.resolve();
  #stopping = false;
  #wake: () => void = () => {};
  #firstLook = true;
  #current: FileReader | undefined;
  #finish: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(address: InputAddress, context: InputContext) {
    this.#context = context;
    this.#options = address.options as FileOptions;
    this.#path = address.path;
    this.boundAddress = address.path;
    this.#readerOptions = {
      framing: this.#options.framing,
      maxRecordBytes: maxRecordBytes(context, this.#options),
      pendingBytes: this.#options.pending_bytes,
      inflate: {
        maxBytes: Number.POSITIVE_INFINITY,
        maxRatio: this.#options.max_inflated_ratio,
        maxWindowBytes: MAX_WINDOW_BYTES,
      },
      record: this.#options,
      positions: context.positions ?? new MemoryPositionStore(),
    };
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    // Whoever waits for `finished` sees the failure; nobody must.
    this.finished.catch(() => {});
  }

  async start(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    const waits = isPattern(this.#path) || this.#options.mode === 'follow';
    if (found === undefined && !waits)
      throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', `no file or folder "${this.#path}"`)]);
    if (found === undefined && !isPattern(this.#path))
      this.#context.report('ENV_FILE_UNREADABLE', `"${this.#path}" does not exist yet; waiting for it`);
    this.#running = this.#options.mode === 'read' ? this.#readAll() : this.#followAll();
    this.#running.then(this.#options.mode === 'read' ? this.#finish : () => {}, this.#fail);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#current?.interrupt();
    for (const { reader } of this.#followed.values()) reader.interrupt();
    this.#wake();
    await this.#running;
  }

  async #readAll(): Promise<void> {
    for (const { path } of this.#select()) {
      if (this.#stopping) return;
      const reader = await this.#open(path);
      if (reader === undefined) continue;
      this.#current = reader;
      try {
        await reader.pump(Number.POSITIVE_INFINITY);
        reader.end();
      } catch (error) {
        this.#unreadable(path, error);
      } finally {
        await reader.close();
      }
    }
  }

  async #followAll(): Promise<void> {
    while (!this.#stopping) {
      await this.#join();
      this.#firstLook = false;
      let more = false;
      for (const [key, followed] of this.#followed) more = (await this.#look(key, followed)) || more;
      if (!more && !this.#stopping) await this.#sleep(this.#options.poll_ms);
    }
    for (const { reader } of this.#followed.values()) await reader.close();
  }

  /** Opens files that are new under the path. */
  async #join(): Promise<void> {
    for (const { path } of this.#select()) {
      const stats = await stat(path).catch(() => undefined);
      if (stats === undefined || this.#stopping) continue;
      const known = this.#followed.get(fileKey(stats));
      if (known !== undefined) continue;
      if (this.#followed.size >= this.#options.max_files) {
        this.#context.counters.error('ENV_FILE_UNREADABLE');
        this.#context.report('ENV_FILE_UNREADABLE', `"${path}" is not followed: max_files are followed already`);
        return;
      }
      const reader = await this.#open(path);
      if (reader !== undefined) this.#followed.set(reader.key, { reader, goneSinceMs: undefined });
      this.#context.counters.set('open_files', this.#followed.size);
    }
  }

  /** Reads on in one file; true when there is more. */
  async #look(key: string, followed: Followed): Promise<boolean> {
    const { reader } = followed;
    try {
      const { grew, more } = await reader.pump(TURN_BYTES);
      if (more) return true;
      const stats = await stat(reader.path).catch(() => undefined);
      if (stats !== undefined && fileKey(stats) === key) {
        followed.goneSinceMs = undefined;
        return false;
      }
      const now = this.#context.now();
      if (followed.goneSinceMs === undefined || grew) {
        // What was written between the last read and the renaming comes with the next look.
        followed.goneSinceMs = now;
        return false;
      }
      if (now - followed.goneSinceMs < this.#options.rotate_wait_ms) return false;
      this.#context.counters.add('rotated_files');
      reader.end();
      await this.#leave(key, reader);
    } catch (error) {
      this.#unreadable(reader.path, error);
      await this.#leave(key, reader);
    }
    return false;
  }

  async #leave(key: string, reader: FileReader): Promise<void> {
    this.#followed.delete(key);
    this.#context.counters.set('open_files', this.#followed.size);
    await reader.close();
  }

  async #open(path: string): Promise<FileReader | undefined> {
    try {
      const fromEnd = this.#options.start === 'end' && this.#firstLook;
      const reader = await FileReader.open(this.#context, { ...this.#readerOptions, path, fromEnd });
      if (reader !== undefined) this.#context.counters.add('opened_files');
      return reader;
    } catch (error) {
      this.#unreadable(path, error);
      return undefined;
    }
  }

  #select(): { readonly path: string }[] {
    return selectFiles(this.#path, (path, cause) => this.#unreadable(path, cause));
  }

  #unreadable(path: string, cause: unknown): void {
    this.#context.counters.error('ENV_FILE_UNREADABLE');
    this.#context.report('ENV_FILE_UNREADABLE', `cannot read "${path}": ${(cause as Error).message}`);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
