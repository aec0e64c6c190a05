/**
 * Proxies on the way to feeds, as the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or in lower case) say, or as a source says. An https
 * address is reached through a tunnel (CONNECT, RFC 9110 section 9.3.6), so that the proxy sees names and no contents; an http
 * address by asking the proxy for it. This machine itself is never asked for through a proxy.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/** `configured`: `none`, or the address of a proxy; absent: as the environment says. Undefined: the direct way. */
export function proxyFor(url: URL, configured: string | undefined, environment: Environment): URL | undefined {
  if (configured === 'none' || isLoopback(url.hostname)) return undefined;
  if (configured !== undefined) return new URL(configured);
  if (isExcepted(url, variable(environment, 'no_proxy') ?? '')) return undefined;
  const address = variable(environment, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (address === undefined || address === '') return undefined;
  // Many write a host and a port alone.
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`);
}

/** Where a plain http address is asked for at the proxy. */
export function throughProxy(url: URL, proxy: URL): { readonly target: URL; readonly path: string } {
  const plain = new URL(url);
  plain.username = plain.password = plain.hash = '';
  return { target: withoutCredentials(proxy), path: plain.href };
}

/** A connection to the server of an https address. Rejects with an Error that names neither credentials nor contents. */
export function tunnel(url: URL, proxy: URL, signal: AbortSignal): Promise<Socket> {
  const authority = `${url.hostname}:${url.port === '' ? 443 : url.port}`;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(withoutCredentials(proxy), {
      method: 'CONNECT',
      path: authority,
      agent: false,
      signal,
      headers: { host: authority, ...proxyHeaders(proxy) },
    });
    sent.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode}`));
      }
    });
    sent.once('response', (response) => {
      response.destroy();
      reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode}`));
    });
    sent.once('error', (error: Error & { code?: string }) => {
      reject(signal.aborted ? error : new Error(`the proxy ${proxy.host}: ${error.code ?? error.message}`));
    });
    sent.end();
  });
}

export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function withoutCredentials(proxy: URL): URL {
  const plain = new URL(proxy);
  plain.username = plain.password = '';
  return plain;
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(host);
}

/** Hosts and domains (`example.org` and `.example.org` alike reach what is below), with or without a port; `*` is all. */
function isExcepted({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const actualPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return exceptions
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      const domain = name.replace(/^\*?\./, '');
      return (
        (wanted === undefined || wanted === actualPort) && (hostname === domain || hostname.endsWith(`.${domain}`))
      );
    });
}

function variable(environment: Environment, name: string): string | undefined {
  return environment[name] ?? environment[name.toUpperCase()];
}
