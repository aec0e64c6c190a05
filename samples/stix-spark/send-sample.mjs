// Sends test-stix.json by UDP, once per second. Usage: node send-sample.mjs [host:port] [count]; default 127.0.0.1:15155, until stopped.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const [target = `127.0.0.1:${process.env.LISTEN_PORT ?? 15155}`, count = 'Infinity'] = process.argv.slice(2);
const colon = target.lastIndexOf(':');
const host = target.slice(0, colon).replace(/^\[|\]$/g, '');
const port = Number(target.slice(colon + 1));
if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65535 || !(Number(count) >= 1)) {
  console.error('usage: node send-sample.mjs [host:port] [count]');
  process.exit(2);
}

const event = readFileSync(new URL('./test-stix.json', import.meta.url));
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
let sent = 0;
const send = () => {
  socket.send(event, port, host, (error) => {
    if (error) console.error(`not sent: ${error.message}`);
    else console.log(`${++sent} sent to ${target}`);
    if (sent >= Number(count)) socket.close();
    else setTimeout(send, 1000);
  });
};
send();
