/** Sinks `syslog` and `cef`: one datagram per message over UDP (RFC 5426), octet counting over TCP and TLS (RFC 6587, RFC 5425). */
import { type Static, Type } from 'typebox';
import { createDatagramSink, overUdp } from './datagram-sink.ts';
import { MAX_DATAGRAM_BYTES } from './datagram-sender.ts';
import { lines } from './line-framing.ts';
import type { SinkKind } from './sink.ts';
import { createStreamedSink, type Frame, STREAM_OPTIONS } from './stream-sink.ts';

const SyslogOptions = Type.Object(
  {
    ...STREAM_OPTIONS,
    framing: Type.Union([Type.Literal('octet-counting'), Type.Literal('newline')], {
      default: 'octet-counting',
      description: 'how messages are told apart (TCP and TLS)',
    }),
  },
  { additionalProperties: false },
);

export const syslogKind: SinkKind = syslogLike(
  'syslog',
  'RFC 5424 syslog over UDP, TCP or TLS',
  'syslog+tls://siem.example.org:6514',
);
export const cefKind: SinkKind = syslogLike(
  'cef',
  'ArcSight CEF in syslog over UDP, TCP or TLS',
  'cef+tcp://siem.example.org:514',
);

function syslogLike(name: 'syslog' | 'cef', summary: string, example: string): SinkKind {
  return {
    protocol: name,
    summary,
    example,
    transports: ['udp', 'tcp', 'tls'],
    defaultFormat: name,
    options: SyslogOptions,
    traits: (transport) =>
      overUdp(transport)
        ? { queued: false, maxBodyBytes: MAX_DATAGRAM_BYTES, attempts: 5 }
        : { queued: true, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY },
    open: (address, context) => {
      if (overUdp(address.transport)) return createDatagramSink(address, context);
      const { framing } = address.options as Partial<Static<typeof SyslogOptions>>;
      return createStreamedSink(address, context, framing === 'newline' ? lines : octetCounted);
    },
  };
}

/** RFC 6587 section 3.4.1: length in bytes, a blank, the message. */
const octetCounted: Frame = (bodies) =>
  Buffer.concat(bodies.flatMap((body) => [Buffer.from(`${body.length} `, 'latin1'), body]));
