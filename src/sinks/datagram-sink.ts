/** Sink over UDP: one datagram per message, or what `pack` makes of a message. */
import { DatagramSender, MAX_DATAGRAM_BYTES } from './datagram-sender.ts';
import { type OutgoingMessage, type Sink, type SinkAddress, type SinkContext, SinkError } from './sink.ts';

/** Datagrams of one message; undefined when no number of datagrams can carry it. */
export type Pack = (body: Uint8Array) => readonly Uint8Array[] | undefined;

export function createDatagramSink(address: SinkAddress, context: SinkContext, pack: Pack = onePerMessage): Sink {
  const sender = new DatagramSender(address.host, address.port, context);
  return { send: (messages) => sendPacked(sender, messages, pack), close: () => sender.close() };
}

/** UDP is the first transport of the kinds that have it, so it is meant when none is named. */
export function overUdp(transport: string): boolean {
  return transport === 'udp' || transport === '';
}

function onePerMessage(body: Uint8Array): readonly Uint8Array[] | undefined {
  return body.length <= MAX_DATAGRAM_BYTES ? [body] : undefined;
}

async function sendPacked(sender: DatagramSender, messages: readonly OutgoingMessage[], pack: Pack): Promise<void> {
  const packed: (readonly Uint8Array[])[] = [];
  for (const { body } of messages) {
    const datagrams = pack(body);
    if (datagrams === undefined) break;
    packed.push(datagrams);
  }
  if (packed.length > 0) await sender.send(packed);
  if (packed.length < messages.length)
    throw new SinkError(`message of ${messages[packed.length]?.body.length ?? 0} bytes is too long for UDP`, {
      retryable: false,
      delivered: packed.length,
    });
}
