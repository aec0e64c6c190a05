/** JSON and text messages: a datagram or a stream of JSON values in any arrangement, or of lines. */
import type { InputKind } from './input.ts';
import { createMessageInput, messageOptions } from './message-input.ts';

export const jsonInput: InputKind = {
  protocol: 'json',
  summary: 'JSON or text messages: UDP (compressed too), TCP and TLS',
  example: 'json+tcp://127.0.0.1:5170',
  transports: ['udp', 'tcp', 'tls'],
  options: messageOptions,
  create: createMessageInput,
};
