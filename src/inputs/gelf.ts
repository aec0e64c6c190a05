/**
 * GELF 1.1: over UDP plain, gzip, zlib, zstd and chunked; over TCP and TLS NUL- or newline-delimited (`framing=auto` tells).
 * JSON that is no GELF and plain text are taken as well.
 */
import type { InputKind } from './input.ts';
import { createMessageInput, messageOptions } from './message-input.ts';

export const gelfInput: InputKind = {
  protocol: 'gelf',
  summary: 'Graylog Extended Log Format: UDP (compressed, chunked), TCP and TLS',
  example: 'gelf://127.0.0.1:12201',
  transports: ['udp', 'tcp', 'tls'],
  options: messageOptions,
  create: createMessageInput,
};
