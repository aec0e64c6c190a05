/**
 * Addresses of inputs and outputs: `protocol[+transport]://host:port/path?option=value` (design section 6.2). `host:port` alone
 * is what STIX Spark's OUTPUT held: JSON over UDP in its own record shape.
 */
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import { suggestion } from '../errors/nearest.ts';

export interface Address {
  readonly protocol: string;
  /** Empty: the kind's default. */
  readonly transport: string;
  readonly host: string;
  /** 0: not given. */
  readonly port: number;
  /** Decoded; for `file` a file system path. */
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
}

/** One of which nothing is left open; the options have passed the schema of its kind. */
export interface CheckedAddress extends Omit<Address, 'options'> {
  readonly options: Readonly<Record<string, unknown>>;
}

/** What an address may name: the registry's kinds. */
export interface AddressKind {
  readonly protocol: string;
  readonly transports: readonly string[];
  readonly example: string;
}

export type ParsedAddress =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

const TRANSPORTS = ['udp', 'tcp', 'tls', 'http', 'https', 'unix'];
const BARE_HOST_PORT = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

export function parseAddress(text: string, kinds: readonly AddressKind[]): ParsedAddress {
  const trimmed = text.trim();
  if (BARE_HOST_PORT.test(trimmed)) return parseAddress(`json+udp://${trimmed}?format=stix-spark`, kinds);
  const match = /^([a-z][a-z0-9-]*)(?:\+([a-z]+))?:(?:\/\/)?(.*)$/i.exec(trimmed);
  if (match === null) return refused(text, `address "${text}" is not understood`, kinds);
  const protocol = (match[1] as string).toLowerCase();
  const transport = (match[2] ?? '').toLowerCase();
  const kind = kinds.find((candidate) => candidate.protocol === protocol);
  if (kind === undefined) {
    const names = kinds.map((candidate) => candidate.protocol);
    return refused(text, `unknown protocol "${protocol}" in address "${text}"${suggestion(protocol, names)}`, kinds);
  }
  if (transport !== '' && !kind.transports.includes(transport)) {
    const known = kind.transports.length === 0 ? 'none' : kind.transports.join(', ');
    return refused(text, `"${protocol}" has no transport "${transport}" in address "${text}"; it has ${known}`, [kind]);
  }
  return parseRest(text, protocol, transport, match[3] as string, kind);
}

function parseRest(text: string, protocol: string, transport: string, rest: string, kind: AddressKind): ParsedAddress {
  const question = rest.indexOf('?');
  const location = question < 0 ? rest : rest.slice(0, question);
  const options: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(question < 0 ? '' : rest.slice(question + 1))) options[name] = value;
  if (kind.transports.length === 0) {
    return { ok: true, address: { protocol, transport, host: '', port: 0, path: safeDecode(location), options } };
  }
  const slash = location.indexOf('/');
  const authority = slash < 0 ? location : location.slice(0, slash);
  const hostPort = /^(\[[0-9A-Fa-f:.%]+\]|[^:\s]*)(?::(\d{1,5}))?$/.exec(authority);
  const port = Number(hostPort?.[2] ?? 0);
  if (hostPort === null || port > 65_535)
    return refused(text, `host and port "${authority}" of address "${text}" are not understood`, [kind]);
  const host = (hostPort[1] as string).replace(/^\[|\]$/g, '');
  return {
    ok: true,
    address: { protocol, transport, host, port, path: slash < 0 ? '' : safeDecode(location.slice(slash)), options },
  };
}

/** The address as text, without option values (they may hold secrets). */
export function describeAddress(address: Pick<Address, 'protocol' | 'transport' | 'host' | 'port' | 'path'>): string {
  const transport =
    address.transport === '' || TRANSPORTS.indexOf(address.transport) < 0 ? '' : `+${address.transport}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.protocol}${transport}://${host}${address.port === 0 ? '' : `:${address.port}`}${address.path}`;
}

function refused(text: string, message: string, kinds: readonly AddressKind[]): ParsedAddress {
  const examples = kinds.slice(0, 3).map((kind) => kind.example);
  const hint = text.trim() === '' ? 'give an address' : `for example ${examples.join(', ')}`;
  return { ok: false, diagnostic: diagnostic('CONFIG_BAD_ADDRESS', 'error', message, { hint }) };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign in a file name: URIError says that it is no encoding.
    return text;
  }
}
