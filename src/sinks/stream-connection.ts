/**
 * One TCP or TLS connection to a destination, made when first needed and again after it broke. The name is resolved anew for each
 * connection. TCP tells only that the kernel took the bytes: what a broken connection still held is lost, and so the connection is given up at the
 * first sign of its end (FIN included) before anything more is written to it.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { parseIp } from '../core/ip-address.ts';
import { systemLookup } from './host-lookup.ts';
import { type HostLookup, SinkError } from './sink.ts';

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  /** Milliseconds for connecting (TLS handshake included) and for each write. */
  readonly timeoutMs: number;
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  readonly lookup?: HostLookup;
}

export class StreamConnection {
  readonly #target: ConnectionTarget;
  #socket: Socket | undefined;
  #closed = false;

  constructor(target: ConnectionTarget) {
    this.#target = target;
  }

  /** Resolves when the kernel has taken all bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new SinkError('sink is closed', { retryable: false });
    const socket = this.#usable() ?? (await this.#connect());
    await this.#settle(socket, (done) => socket.write(bytes, (error) => done(error ?? undefined)), 'write');
  }

  async close(): Promise<void> {
    this.#closed = true;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), this.#target.timeoutMs);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      // Half-closes after what is written; a peer that never answers is cut off by the timer.
      socket.end(() => socket.destroySoon());
    });
  }

  #usable(): Socket | undefined {
    const socket = this.#socket;
    return socket === undefined || socket.destroyed || !socket.writable || socket.readableEnded ? undefined : socket;
  }

  async #connect(): Promise<Socket> {
    this.#socket?.destroy();
    this.#socket = undefined;
    const { host, port, tls } = this.#target;
    const { address } = await (this.#target.lookup ?? systemLookup)(host);
    if (this.#closed) throw new SinkError('sink is closed', { retryable: false });
    // SNI carries names only; an address is checked against the certificate's address entries.
    const servername = parseIp(host) === undefined ? host : undefined;
    const socket =
      tls === undefined
        ? connectTcp({ host: address, port })
        : connectTls({ host: address, port, ...(servername !== undefined && { servername }), ...tls });
    socket.on('error', () => socket.destroy());
    // Nothing is expected from the peer; its data is read away so that its FIN is seen.
    socket.on('end', () => socket.destroy());
    socket.resume();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    await this.#settle(
      socket,
      (done) => socket.once(tls === undefined ? 'connect' : 'secureConnect', () => done()),
      'connect',
    );
    this.#socket = socket;
    return socket;
  }

  /** Waits for one step, or for the end of the socket, or for the timeout, whichever is first. */
  #settle(socket: Socket, start: (done: (error?: Error) => void) => void, step: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        socket.off('error', finish);
        socket.off('close', onClose);
        if (error === undefined) resolve();
        else {
          socket.destroy();
          reject(this.#failure(step, error));
        }
      };
      const onClose = (): void => finish(new Error('connection closed by the peer'));
      const timer = setTimeout(
        () => finish(new Error(`no answer for ${this.#target.timeoutMs} ms`)),
        this.#target.timeoutMs,
      );
      socket.on('error', finish);
      socket.on('close', onClose);
      start(finish);
    });
  }

  #failure(step: string, cause: Error): SinkError {
    const reason = (cause as NodeJS.ErrnoException).code ?? cause.message;
    const { host, port } = this.#target;
    return new SinkError(`cannot ${step} to "${host}:${port}": ${reason}`, { retryable: true, cause });
  }
}
