/** What a SIEM does in end-to-end tests: takes alerts on a UDP port, or on a TCP port that can be away for a while. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { pause } from './flint-process.ts';

const WAIT_MS = 10_000;
const POLL_MS = 5;

/** Datagrams as they came, one text each. */
export class UdpReceiver {
  readonly messages: string[] = [];
  readonly #socket: DatagramSocket;

  private constructor(socket: DatagramSocket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.messages.push(bytes.toString('utf8')));
  }

  static async open(): Promise<UdpReceiver> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new UdpReceiver(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Resolves when a message fits; rejects with what came until then. */
  async until(fits: (message: string) => boolean, what: string): Promise<void> {
    const end = Date.now() + WAIT_MS;
    while (!this.messages.some(fits)) {
      if (Date.now() > end)
        throw new Error(`no datagram with ${what}; came: ${this.messages.join('\n').slice(0, 4000)}`);
      await pause(POLL_MS);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** Newline-delimited messages over TCP. */
export class TcpReceiver {
  readonly lines: string[] = [];
  #server: Server | undefined;
  readonly #clients = new Set<Socket>();

  /** @param port 0: chosen by the system, and returned. */
  async listen(port = 0): Promise<number> {
    const server = createServer((client) => this.#take(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Away: connections are ended, new ones refused. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise((resolve) => (this.#server === undefined ? resolve(undefined) : this.#server.close(resolve)));
    this.#server = undefined;
  }

  #take(client: Socket): void {
    this.#clients.add(client);
    let rest = '';
    client.setEncoding('utf8');
    client.on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
    client.on('error', () => {});
    client.on('close', () => this.#clients.delete(client));
  }
}
