/**
 * The least that a Node receiver can do, for comparison in `udp.bench.ts`: it asks for the buffer that Flint asks for, counts
 * datagrams, and sends on the message of those that name an address of the benchmark's indicators. Arguments: port, port of alerts.
 */
import { createSocket } from 'node:dgram';

const RECEIVE_BUFFER_BYTES = 8 << 20;
const MARK = Buffer.from('"DST_IP":"198.18.');

const [port, alertPort] = process.argv.slice(2).map(Number) as [number, number];
const socket = createSocket('udp4');
let count = 0;
socket.on('message', (datagram) => {
  count++;
  if (!datagram.includes(MARK)) return;
  const message = /"message":"t\d+\.\d+/.exec(datagram.toString('latin1'))?.[0] ?? '';
  socket.send(message, alertPort, '127.0.0.1');
});
socket.bind(port, '127.0.0.1', () => {
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  process.stderr.write(`counter      receive buffer granted: ${socket.getRecvBufferSize() / 2} bytes\n`);
});
process.once('SIGTERM', () => {
  process.stderr.write(`counter      ${count} datagrams\n`);
  process.exit(0);
});
