/**
 * Test commands: for each listening input, commands that send one line which raises an alert, ready to be copied. They are made from
 * the addresses really bound and from an indicator really loaded.
 *
 * An indicator comes from a feed, hence from strangers, and a command is pasted into a shell: only values of harmless characters
 * are used, and both shells get them inside single quotes.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import { splitHostPort } from '../core/web-url.ts';
import type { IntelligenceSource, Listener } from './service-view.ts';

export interface TestCommand {
  /** Name of the input that receives it. */
  readonly input: string;
  /** `bash` needs bash; `node` runs in any POSIX shell. */
  readonly shell: 'bash' | 'node';
  readonly command: string;
  /** Indicator in the line; absent: no usable one is loaded and the line raises nothing. */
  readonly expects?: { readonly kind: IndicatorKind; readonly value: string };
}

/** Field of the test line that carries the value. */
const FIELD_OF: Readonly<Partial<Record<IndicatorKind, string>>> = {
  domain: 'dns_query',
  url: 'url',
  ipv4: 'dst_ip',
  ipv6: 'dst_ip',
  hash: 'file_hash',
};

const HARMLESS = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/;

export function testCommands(
  listeners: readonly Listener[],
  intelligence: readonly IntelligenceSource[],
): readonly TestCommand[] {
  const example = intelligence.map((source) => source.example).find((one) => one !== undefined && isUsable(one));
  return listeners.flatMap((listener) => {
    const target = reachable(listener.address);
    if (target === undefined) return [];
    const line = LINES[listener.protocol]?.(example);
    const senders = line === undefined ? undefined : SENDERS[listener.transport];
    if (line === undefined || senders === undefined) return [];
    return senders(line, target, listener).map((sender) => ({
      input: listener.name,
      ...sender,
      ...(example === undefined ? {} : { expects: example }),
    }));
  });
}

type Example = NonNullable<IntelligenceSource['example']>;

function isUsable(example: Example): boolean {
  return FIELD_OF[example.kind] !== undefined && HARMLESS.test(example.value);
}

/** The line per protocol; protocols that a shell cannot speak are absent. */
const LINES: Readonly<Record<string, (example: Example | undefined) => string>> = {
  gelf: (example) =>
    JSON.stringify({
      version: '1.1',
      host: 'laptop-7',
      short_message: 'test line',
      ...(example === undefined ? {} : { [`_${FIELD_OF[example.kind]}`]: example.value }),
    }),
  json: jsonLine,
  http: jsonLine,
  syslog: (example) => `<134>1 - laptop-7 proxy - - - test line ${example?.value ?? ''}`.trimEnd(),
};

function jsonLine(example: Example | undefined): string {
  return JSON.stringify({
    host: 'laptop-7',
    message: 'test line',
    ...(example === undefined ? {} : { [FIELD_OF[example.kind] as string]: example.value }),
  });
}

interface Target {
  readonly host: string;
  readonly port: number;
}

type Sender = Pick<TestCommand, 'shell' | 'command'>;

const SENDERS: Readonly<Record<string, (line: string, target: Target, listener: Listener) => readonly Sender[]>> = {
  udp: (line, { host, port }) => [
    { shell: 'bash', command: `printf '%s' '${line}' > /dev/udp/${host}/${port}` },
    {
      shell: 'node',
      command: `node -e 'const s = require("node:dgram").createSocket("${host.includes(':') ? 'udp6' : 'udp4'}"); s.send(${JSON.stringify(line)}, ${port}, "${host}", () => s.close())'`,
    },
  ],
  tcp: (line, { host, port }) => [
    { shell: 'bash', command: `printf '%s\\n' '${line}' > /dev/tcp/${host}/${port}` },
    {
      shell: 'node',
      command: `node -e 'require("node:net").connect(${port}, "${host}").end(${JSON.stringify(line)} + "\\n")'`,
    },
  ],
  http: (line, { host, port }, listener) => {
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}${HARMLESS_PATH.test(listener.path) ? listener.path : '/'}`;
    return [
      { shell: 'bash', command: `curl -sS -H 'content-type: application/x-ndjson' --data-binary '${line}' '${url}'` },
      {
        shell: 'node',
        command: `node -e 'fetch("${url}", { method: "POST", headers: { "content-type": "application/x-ndjson" }, body: ${JSON.stringify(line)} })'`,
      },
    ];
  },
};

const HARMLESS_PATH = /^\/[A-Za-z0-9._/-]{0,199}$/;

/** Address to send to from this machine: a wildcard becomes loopback. */
function reachable(address: string): Target | undefined {
  const parts = splitHostPort(address);
  if (parts === undefined || parts.port === 0) return undefined;
  const host = parts.host.replace(/^\[|\]$/g, '');
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) return undefined;
  const wildcard: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: wildcard[host] ?? host, port: parts.port };
}
