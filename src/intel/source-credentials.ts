/** The credentials of a source with their secrets read, for the moment of a request; and what is wrong with them. */
import { readFileSync } from 'node:fs';
import { resolveSecret, type SecretReference } from '../config/secret.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { Credentials, RequestAuth, RequestTls } from './http/request-auth.ts';
import type { IntelSource, SourceAuth, SourceTls } from './intel-source.ts';
import { shownSource } from './shown-source.ts';

/** Throws FlintError naming the variable or file that is missing, never what it holds. */
export function credentialsOf(source: IntelSource): Credentials {
  const read = (key: string, take: () => string | undefined): string => {
    try {
      return take() ?? '';
    } catch (error) {
      // The variable is not set, the file is not readable.
      const where = source.name ?? shownSource(source.source);
      const message = `"${key}" of source "${where}": ${(error as Error).message}`;
      throw new FlintError([diagnostic('CONFIG_BAD_VALUE', 'error', message)], { cause: error });
    }
  };
  const secret = (key: string, reference: SecretReference | undefined): string => {
    const text = read(key, () => resolveSecret(reference));
    // A header cannot hold them, and the error of the network layer would show the value.
    if (/[\r\n\0]/.test(text)) return read(key, () => fail('the secret holds line breaks'));
    return text;
  };
  const tls = source.tls === undefined ? undefined : tlsOf(source.tls, read, secret);
  return { auth: authOf(source.source, source.auth, secret), ...(tls === undefined ? {} : { tls }) };
}

type ReadSecret = (key: string, reference: SecretReference | undefined) => string;

function authOf(address: string, auth: SourceAuth | undefined, secret: ReadSecret): RequestAuth {
  if (auth === undefined) return fromAddress(address);
  if (auth.type === 'bearer') return { kind: 'bearer', token: secret('auth.token', auth.token) };
  if (auth.type === 'header') return { kind: 'header', name: auth.name ?? '', value: secret('auth.value', auth.value) };
  const user = typeof auth.user === 'string' ? auth.user : secret('auth.user', auth.user);
  return { kind: 'basic', user, password: secret('auth.password', auth.password) };
}

/** `https://user:password@host/`: taken as basic credentials, so that they are redacted like all others. */
function fromAddress(address: string): RequestAuth {
  const { username, password } = new URL(address);
  if (username === '' && password === '') return { kind: 'none' };
  return { kind: 'basic', user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function tlsOf(
  tls: SourceTls,
  read: (key: string, take: () => string | undefined) => string,
  secret: ReadSecret,
): RequestTls {
  const { cert_file: cert, key_file: key, ca_file: ca, passphrase } = tls;
  const text = (name: string, path: string): string => read(name, () => readFileSync(path, 'utf8'));
  return {
    ...(cert === undefined ? {} : { cert: text('tls.cert_file', cert) }),
    ...(key === undefined ? {} : { key: text('tls.key_file', key) }),
    ...(ca === undefined ? {} : { ca: text('tls.ca_file', ca) }),
    ...(passphrase === undefined ? {} : { passphrase: secret('tls.passphrase', passphrase) }),
  };
}

function fail(message: string): never {
  throw new Error(message);
}

/** The address without user name and password: they are sent as a header. */
export function plainAddress(source: IntelSource): string {
  const url = new URL(source.source);
  url.username = '';
  url.password = '';
  return url.href;
}
