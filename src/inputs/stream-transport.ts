/**
 * Many clients over TCP or TLS, each with its own framer. A client is held back (its socket paused) while too many of its records
 * wait or the engine is full; it is closed when it stays silent for the idle time, or when the unfinished records of all clients
 * together pass the bound and it holds more than its share. Connections beyond the limit are closed at once. All of it counted.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import type { RecordSource } from '../core/record.ts';
import type { ResumableFramer } from '../frame/framer.ts';
import { createFramer } from '../frame/registry.ts';
import { BatchWriter, type Sequence } from './batch-writer.ts';
import { cannotListen, hostPort } from './cannot-listen.ts';
import { countDrop } from './drop-reasons.ts';
import type { InputContext } from './input.ts';

export interface StreamOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions;
  readonly framing: string;
  readonly maxRecordBytes: number;
  readonly maxConnections: number;
  readonly idleMs: number;
  /** Unfinished records of all clients together. */
  readonly bufferBytes: number;
  /** Records of one client pushed and not settled. */
  readonly pendingBytes: number;
  /** Makes the source of a client; `path` shows where it comes from. */
  readonly source: (path: string) => RecordSource;
  readonly sequence: Sequence;
}

/** How long a client waits before the engine's pressure is looked at again. */
const PRESSURE_POLL_MS = 20;

export class StreamTransport {
  readonly #context: InputContext;
  readonly #options: StreamOptions;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #leaving = new Set<Promise<void>>();
  #bufferedBytes = 0;
  #stopping: Promise<void> | undefined;
  #listening = false;

  constructor(context: InputContext, options: StreamOptions) {
    this.#context = context;
    this.#options = options;
    this.#server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    this.#server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
      this.#accept(socket),
    );
    this.#server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.#context.counters.error('ENV_CLIENT_GIVEN_UP');
      this.#context.report('ENV_CLIENT_GIVEN_UP', `TLS handshake failed: ${error.message}`);
      socket.destroy();
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws FlintError when the address cannot be had. */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(cannotListen(error, host, port)));
      this.#server.listen(port, host, resolve);
    });
    this.#listening = true;
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#context.report('ENV_CANNOT_LISTEN', `server error: ${error.message}`));
  }

  /** Closes all clients; resolves when what they sent is settled. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const closed = this.#listening ? new Promise((resolve) => this.#server.close(resolve)) : Promise.resolve();
    for (const client of this.#clients) client.close();
    await Promise.all(this.#leaving);
    await closed;
  }

  #accept(socket: Socket): void {
    const { counters } = this.#context;
    counters.add('accepted_connections');
    if (this.#stopping !== undefined || this.#clients.size >= this.#options.maxConnections) {
      counters.add('refused_connections');
      counters.error('ENV_TOO_MANY_CLIENTS');
      this.#context.report('ENV_TOO_MANY_CLIENTS', `connection refused: ${this.#clients.size} clients are connected`);
      socket.destroy();
      return;
    }
    const client = new Client(this.#context, this.#options, socket, (change) => this.#account(change));
    this.#clients.add(client);
    counters.set('connections', this.#clients.size);
    const left = client.finished.finally(() => {
      this.#clients.delete(client);
      this.#leaving.delete(left);
      counters.set('connections', this.#clients.size);
    });
    this.#leaving.add(left);
  }

  /** Adds to the unfinished bytes of all clients. False: the client that adds must go. */
  #account(change: number): boolean {
    this.#bufferedBytes += change;
    this.#context.counters.set('buffer_bytes', this.#bufferedBytes);
    return this.#bufferedBytes <= this.#options.bufferBytes;
  }
}

class Client {
  /** Resolves when the connection is closed and all its records are settled; never rejects. */
  readonly finished: Promise<void>;
  readonly #context: InputContext;
  readonly #options: StreamOptions;
  readonly #socket: Socket;
  readonly #framer: ResumableFramer;
  readonly #writer: BatchWriter;
  readonly #account: (change: number) => boolean;
  #buffered = 0;
  #ended = false;

  constructor(context: InputContext, options: StreamOptions, socket: Socket, account: (change: number) => boolean) {
    this.#context = context;
    this.#options = options;
    this.#socket = socket;
    this.#account = account;
    const peer = hostPort(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
    this.#writer = new BatchWriter(context, options.source(`${options.tls === undefined ? 'tcp' : 'tls'}://${peer}`), {
      sequence: options.sequence,
    });
    this.#framer = createFramer(options.framing, { maxRecordBytes: options.maxRecordBytes, nulFrames: true });
    socket.setTimeout(options.idleMs, () => {
      if (!socket.isPaused()) this.#giveUp('the client was silent for too long');
    });
    socket.on('data', (chunk) => this.#take(chunk));
    this.finished = new Promise((resolve) => {
      socket.on('error', () => context.counters.add('broken_connections'));
      socket.on('close', () => {
        this.#end();
        // A failed intake was counted by the writer; nobody waits for an acknowledgement here.
        this.#writer.settled().then(resolve, () => resolve());
      });
    });
  }

  close(): void {
    this.#end();
    this.#socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#context.counters.add('received_bytes', chunk.length);
    this.#writer.begin(chunk);
    this.#framer.push(chunk, this.#writer.emit, this.#drop);
    this.#writer.flush();
    const change = this.#framer.bufferedBytes - this.#buffered;
    this.#buffered += change;
    const share = this.#options.bufferBytes / this.#options.maxConnections;
    if (!this.#account(change) && change > 0 && this.#buffered > share) {
      countDrop(this.#context, 'buffers_full');
      this.#discard();
      this.#giveUp('all clients together hold too much unfinished data');
      return;
    }
    if (this.#writer.waitingBytes >= this.#options.pendingBytes || this.#context.intake.pressure >= 1)
      void this.#hold();
  }

  async #hold(): Promise<void> {
    if (this.#socket.isPaused()) return;
    this.#socket.pause();
    this.#context.counters.add('held_back');
    await this.#writer.room(this.#options.pendingBytes);
    while (this.#context.intake.pressure >= 1 && !this.#socket.destroyed) await pause(PRESSURE_POLL_MS);
    this.#socket.resume();
  }

  #giveUp(why: string): void {
    this.#context.counters.error('ENV_CLIENT_GIVEN_UP');
    this.#context.report('ENV_CLIENT_GIVEN_UP', `connection closed: ${why}`);
    this.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#framer.end(this.#writer.emit, this.#drop);
    this.#writer.flush();
    this.#discard();
  }

  #discard(): void {
    this.#ended = true;
    this.#account(-this.#buffered);
    this.#buffered = 0;
  }

  readonly #drop = (reason: 'too_long' | 'incomplete', sample: Uint8Array): void => {
    countDrop(this.#context, reason, sample);
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
