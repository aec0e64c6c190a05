/**
 * Sends datagrams to one destination. The name is resolved at the first send, again after RESOLVE_EVERY_MS, and after a failure, so that
 * a destination that moves is followed. UDP acknowledges nothing: "sent" means that the kernel has taken it.
 */
import { createSocket, type Socket } from 'node:dgram';
import { systemLookup } from './host-lookup.ts';
import { type SinkContext, SinkError } from './sink.ts';

/** Largest payload of a UDP datagram over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** Age at which a resolved address is asked for again, in milliseconds. */
const RESOLVE_EVERY_MS = 60_000;

/** Datagrams handed to the kernel before the first of them is waited for. */
const IN_FLIGHT = 64;

export class DatagramSender {
  readonly #host: string;
  readonly #port: number;
  readonly #context: SinkContext;
  #target: { readonly address: string; readonly family: 4 | 6 } | undefined;
  #resolvedMs = 0;
  #socket: Socket | undefined;
  #socketFamily = 0;
  #closed = false;

  constructor(host: string, port: number, context: SinkContext) {
    this.#host = host;
    this.#port = port;
    this.#context = context;
  }

  /** Sends each message's datagrams in order. Rejects with SinkError that says how many messages went out whole. */
  async send(messages: readonly (readonly Uint8Array[])[]): Promise<void> {
    if (this.#closed) throw new SinkError('sink is closed', { retryable: false });
    const socket = await this.#prepare();
    for (let first = 0; first < messages.length; first += IN_FLIGHT) {
      const slice = messages.slice(first, first + IN_FLIGHT);
      const sent = await Promise.allSettled(slice.map((datagrams) => this.#sendAll(socket, datagrams)));
      const failed = sent.findIndex((result) => result.status === 'rejected');
      if (failed < 0) continue;
      this.#resolvedMs = 0;
      throw this.#failure((sent[failed] as PromiseRejectedResult).reason, first + failed);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#closeSocket();
  }

  async #prepare(): Promise<Socket> {
    const now = this.#context.now();
    if (this.#target === undefined || this.#resolvedMs === 0 || now - this.#resolvedMs >= RESOLVE_EVERY_MS) {
      this.#target = await (this.#context.lookup ?? systemLookup)(this.#host);
      this.#resolvedMs = now;
    }
    if (this.#socket === undefined || this.#socketFamily !== this.#target.family) {
      await this.#closeSocket();
      this.#socketFamily = this.#target.family;
      this.#socket = createSocket(this.#target.family === 6 ? 'udp6' : 'udp4');
      // Errors of a send come through its callback; one that comes later belongs to no message and means: make a new socket.
      this.#socket.on('error', () => void this.#closeSocket());
    }
    return this.#socket;
  }

  async #sendAll(socket: Socket, datagrams: readonly Uint8Array[]): Promise<void> {
    for (const datagram of datagrams)
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, this.#port, this.#target?.address, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
  }

  #failure(cause: unknown, delivered: number): SinkError {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const retryable = code !== 'EMSGSIZE';
    return new SinkError(`cannot send to "${this.#host}:${this.#port}": ${code}`, { retryable, delivered, cause });
  }

  #closeSocket(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    return socket === undefined ? Promise.resolve() : new Promise((resolve) => socket.close(() => resolve()));
  }
}
