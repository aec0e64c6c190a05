/** What a SIEM does in end-to-end tests: takes alerts on a UDP port, or by a webhook that can be away for a while. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
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

/** A webhook: takes lines of JSON by POST; away until it listens, and again after `close`. */
export class WebhookReceiver {
  readonly lines: string[] = [];
  #server: Server | undefined;

  /** @param port 0: chosen by the system, and returned. */
  async listen(port = 0): Promise<number> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        this.lines.push(...body.split('\n').filter((line) => line !== ''));
        response.end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
