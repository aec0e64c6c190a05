/** Sink `json`: bare records; one datagram each over UDP, one line each over TCP and TLS. */
import { Type } from 'typebox';
import { createDatagramSink, overUdp } from './datagram-sink.ts';
import { MAX_DATAGRAM_BYTES } from './datagram-sender.ts';
import { lines } from './line-framing.ts';
import { createStreamedSink, STREAM_OPTIONS } from './stream-sink.ts';
import type { SinkKind } from './sink.ts';

export const jsonKind: SinkKind = {
  protocol: 'json',
  summary: 'JSON records over UDP (one per datagram), TCP or TLS (one per line)',
  example: 'json+tcp://siem.example.org:5170',
  transports: ['udp', 'tcp', 'tls'],
  defaultFormat: 'ecs',
  options: Type.Object({ ...STREAM_OPTIONS }, { additionalProperties: false }),
  traits: (transport) =>
    overUdp(transport)
      ? { queued: false, maxBodyBytes: MAX_DATAGRAM_BYTES, attempts: 5 }
      : { queued: true, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY },
  open: (address, context) =>
    overUdp(address.transport) ? createDatagramSink(address, context) : createStreamedSink(address, context, lines),
};
