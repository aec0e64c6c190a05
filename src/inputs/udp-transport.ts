/**
 * UDP socket of an input: asks for a large receive buffer, says what was granted, watches the kernel's drop counter, and hands
 * datagrams on. Measured on loopback: a blocked event loop keeps 166 datagrams of 500 bytes at the usual buffer, about 6,500 at 8 MB.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Type } from 'typebox';
import { cannotListen } from './cannot-listen.ts';
import type { InputContext } from './input.ts';
import { ownDescriptor, ownSocketInode, ownSocketInodes, readSocketQueue } from './udp-kernel-drops.ts';
import { type DatagramTarget, WaitingDatagrams } from './waiting-datagrams.ts';

export const UDP_OPTIONS = {
  receive_buffer_bytes: Type.Integer({
    default: 8_388_608,
    minimum: 4096,
    maximum: 1_073_741_824,
    'x-unit': 'bytes',
    description: 'UDP receive buffer to ask the operating system for',
  }),
  chunk_bytes: Type.Integer({
    default: 16_777_216,
    minimum: 65_536,
    'x-unit': 'bytes',
    description: 'memory for chunked GELF messages that are not whole yet; beyond it the oldest is given up',
  }),
  max_inflated_bytes: Type.Integer({
    default: 2_097_152,
    minimum: 1024,
    maximum: 268_435_456,
    'x-unit': 'bytes',
    description: 'what one compressed datagram or chunked message may become (UDP)',
  }),
  sockets: Type.Union([Type.Literal('auto'), Type.Literal('one')], {
    default: 'auto',
    description:
      'UDP; auto: each worker receives on a socket of its own where the system can share a port (Linux with Node.js from 22.12), senders are spread over them; one: a single socket, whose records are spread over the workers',
  }),
  pending_bytes: Type.Integer({
    default: 33_554_432,
    minimum: 65_536,
    'x-unit': 'bytes',
    description: 'records of this input received and not settled; beyond it UDP drops and other transports wait',
  }),
};

const WATCH_MS = 1000;
/** RFC 863; nobody sends from it. */
const DISCARD_PORT = 9;
/** A receive buffer that gave nothing for so long is empty. */
const QUIET_MS = 20;

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** Other threads have sockets on the same port (Node.js from 22.12, and where the system can). One is opened after the other. */
  readonly sharesPort?: boolean;
  readonly receiver: DatagramTarget & { take(datagram: Buffer, sender: RemoteInfo): void };
  /** Called at the end of each event-loop turn that brought datagrams. */
  readonly endOfTurn: () => void;
  /** Called once a second. */
  readonly everySecond: () => void;
}

export class UdpTransport {
  readonly #context: InputContext;
  readonly #options: UdpOptions;
  readonly #socket: Socket;
  #turnScheduled = false;
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;
  #inode: string | undefined;
  #waiting: WaitingDatagrams | undefined;
  #drops = 0;
  #closing: Promise<void> | undefined;

  constructor(context: InputContext, options: UdpOptions) {
    this.#context = context;
    this.#options = options;
    const type = isIPv6(options.host) ? 'udp6' : 'udp4';
    this.#socket = createSocket({ type, ...(options.sharesPort === true && { reusePort: true }) });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** @throws FlintError when the address cannot be had. */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    const others = port === 0 ? undefined : ownSocketInodes(port);
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', (error) => reject(cannotListen(error, host, port)));
      this.#socket.bind(port, host, () => {
        this.#socket.removeAllListeners('error');
        resolve();
      });
    });
    this.#socket.on('error', (error) => this.#context.report('ENV_CANNOT_LISTEN', `socket error: ${error.message}`));
    this.#askForBuffer();
    this.#inode = ownSocketInode(this.port, others);
    this.#drops = readSocketQueue(this.port, this.#inode)?.drops ?? 0;
    const descriptor = this.#inode === undefined ? undefined : ownDescriptor(this.#inode);
    if (descriptor !== undefined) this.#waiting = new WaitingDatagrams(descriptor, this.#options.receiver);
    this.#socket.on('message', (datagram, sender) => this.#take(datagram, sender));
    this.#timer = setInterval(() => this.#watch(), WATCH_MS);
    this.#timer.unref();
  }

  /**
   * Lets nothing more in and takes what waits in the receive buffer: a socket that is connected to nobody's address gets no datagrams,
   * and those of other senders go to the other sockets of the port. For sockets that share their port.
   */
  async drain(): Promise<void> {
    const isIpv6 = isIPv6(this.#options.host);
    await new Promise<void>((resolve, reject) => {
      this.#socket.connect(DISCARD_PORT, isIpv6 ? '::1' : '127.0.0.1', (error?: Error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
    let seen = -1;
    while (seen !== this.#taken) {
      seen = this.#taken;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      // A thread that had no turn for so long has read nothing yet: immediates come after what can be read was read.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Stops receiving; what was taken has been handed on when it resolves. Idempotent. */
  stop(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // The number of its descriptor may be another file's from here on.
    this.#waiting = undefined;
    if (this.#timer === undefined) {
      this.#socket.close();
      return;
    }
    this.#watch();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
    this.#options.endOfTurn();
  }

  #take(datagram: Buffer, sender: RemoteInfo): void {
    this.#options.receiver.take(datagram, sender);
    this.#taken += 1 + (this.#waiting?.taken() ?? 0);
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      this.#waiting?.endOfTurn();
      this.#options.endOfTurn();
    });
  }

  #askForBuffer(): void {
    const asked = this.#options.receiveBufferBytes;
    try {
      this.#socket.setRecvBufferSize(asked);
    } catch (error) {
      // Some systems refuse instead of granting less: what there is stays.
      this.#context.counters.error((error as { code?: string }).code ?? 'ERR_SOCKET_BUFFER_SIZE');
    }
    // Linux reports twice what it counts as usable, for its own bookkeeping.
    const reported = this.#socket.getRecvBufferSize();
    const granted = process.platform === 'linux' ? Math.floor(reported / 2) : reported;
    this.#context.counters.set('receive_buffer_bytes', granted);
    if (granted < asked) {
      this.#context.report(
        'ENV_SMALL_RECEIVE_BUFFER',
        `UDP receive buffer on port ${this.port} is ${granted} bytes, asked for ${asked}; raise it with sysctl -w net.core.rmem_max=${asked}`,
      );
    }
  }

  #watch(): void {
    this.#options.everySecond();
    const queue = readSocketQueue(this.port, this.#inode);
    if (queue === undefined) return;
    this.#context.counters.set('kernel_queue_bytes', queue.queuedBytes);
    const lost = queue.drops - this.#drops;
    this.#drops = queue.drops;
    this.#context.counters.add('kernel_dropped_datagrams', Math.max(0, lost));
    if (lost > 0) this.#context.report('ENV_KERNEL_DROPS', `the kernel dropped ${lost} datagrams on port ${this.port}`);
  }
}
