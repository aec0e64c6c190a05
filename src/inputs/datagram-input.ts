/**
 * Messages over UDP. Where several threads match and the system can share a port among sockets, each of them receives on its own; else
 * this thread receives for all.
 */
import { hostPort } from './cannot-listen.ts';
import { DatagramReceiver } from './datagram-receiver.ts';
import type { DatagramTask, Input, InputAddress, InputContext } from './input.ts';
import { maxRecordBytes, type RecordOptions, recordSource } from './record-source.ts';
import { UdpTransport } from './udp-transport.ts';

export type DatagramInputOptions = RecordOptions & {
  readonly receive_buffer_bytes: number;
  readonly max_inflated_bytes: number;
  readonly chunk_bytes: number;
  readonly pending_bytes: number;
  readonly sockets: 'auto' | 'one';
};

export function createDatagramInput(
  { host, port }: InputAddress,
  context: InputContext,
  options: DatagramInputOptions,
): Input {
  const task: DatagramTask = {
    host,
    port,
    receiveBufferBytes: options.receive_buffer_bytes,
    source: recordSource(context, options, {
      path: `udp://${hostPort(host, port)}`,
      id: `${context.instanceId}/${context.name}`,
      replayable: false,
    }),
    limits: {
      maxRecordBytes: maxRecordBytes(context, options),
      maxInflatedBytes: options.max_inflated_bytes,
      chunkBytes: options.chunk_bytes,
      pendingBytes: options.pending_bytes,
    },
  };
  let open: { readonly port: number; stop(): Promise<void> } | undefined;
  let bound = '';
  let stopping: Promise<void> | undefined;
  return {
    async start() {
      const threads = options.sockets === 'auto' ? await context.receivers?.open(task, context) : undefined;
      open = threads ?? (await openReceiver(task, context));
      bound = hostPort(host, open.port);
    },
    stop() {
      stopping ??= open?.stop() ?? Promise.resolve();
      return stopping;
    },
    finished: new Promise(() => {}),
    get boundAddress() {
      return bound;
    },
  };
}

export interface OpenReceiver {
  readonly port: number;
  /** As `stop`, after everything that waits in the receive buffer was taken; other sockets share the port. */
  drain(): Promise<void>;
  /** Resolves when everything taken is settled. */
  stop(): Promise<void>;
}

/** Receives on this thread. `sharesPort`: other threads do the same on the same port. Rejects with FlintError. */
export async function openReceiver(
  { host, port, receiveBufferBytes, source, limits }: DatagramTask,
  context: InputContext,
  sharesPort = false,
): Promise<OpenReceiver> {
  const receiver = new DatagramReceiver(context, source, { next: 0 }, limits);
  const transport = new UdpTransport(context, {
    ...{ host, port, receiveBufferBytes, sharesPort },
    receiver,
    endOfTurn: () => receiver.flush(),
    everySecond: () => receiver.expireChunks(),
  });
  await transport.start();
  const stop = (): Promise<void> => transport.stop().then(() => receiver.finish());
  return { port: transport.port, stop, drain: () => transport.drain().then(stop) };
}
