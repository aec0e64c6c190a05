/**
 * Request origin: refuses what a web page of somebody else makes a browser send. `Host` must be a name this server goes by (else a
 * page that resolves its own name to this machine could read everything: DNS rebinding), `Origin` must be this server itself, and
 * fetch metadata must not say that another site asks, save for a plain navigation to a page.
 */
import { canonicalIp } from '../core/ip-address.ts';

export interface HostPolicy {
  /** Address the server is bound to. */
  readonly boundHost: string;
  /** Further names from the configuration, lower case, without port. */
  readonly allowedHosts: readonly string[];
}

export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | undefined;
  readonly 'sec-fetch-dest'?: string | undefined;
}

/** True for `localhost`, 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  const name = bareHost(host);
  return name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(canonicalIp(name) ?? '');
}

/** Why the request is refused, or undefined when it is in order. */
export function refuseOrigin(method: string, headers: OriginHeaders, policy: HostPolicy): string | undefined {
  const host = headers.host ?? '';
  if (!isKnownHost(host, policy))
    return `this server does not go by the name in the Host header; add it to allowed hosts`;
  if (headers.origin !== undefined && !isSameOrigin(headers.origin, host))
    return 'the request comes from another origin';
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  if (method === 'GET' && headers['sec-fetch-dest'] === 'document') return undefined;
  return 'the request comes from another site';
}

function isKnownHost(header: string, policy: HostPolicy): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(header);
  if (match === null) return false;
  const name = bareHost(match[1] as string);
  if (isLoopback(name) || name === bareHost(policy.boundHost)) return true;
  if (policy.allowedHosts.length > 0) return policy.allowedHosts.includes(name);
  // Off loopback the token decides: another name's cookie or token is never sent along.
  return !isLoopback(policy.boundHost);
}

function isSameOrigin(origin: string, host: string): boolean {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match !== null && (match[1] as string).toLowerCase() === host.toLowerCase();
}

function bareHost(host: string): string {
  const plain = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const name = plain.toLowerCase().replace(/\.$/, '');
  return canonicalIp(name) ?? name;
}
