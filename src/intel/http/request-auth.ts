/**
 * How a source proves who it is: credentials in a header, a certificate in the handshake. Resolved secrets live in these records and
 * nowhere else; `redacted` takes them out of everything that a server or a library says.
 */

export type RequestAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** A key in a header of the provider's choice: `X-OTX-API-KEY`, `Authorization: Token …`. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string };

/** PEM texts: client certificate with its key, and authorities in place of the system's. */
export interface RequestTls {
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly ca?: string;
}

export interface Credentials {
  readonly auth: RequestAuth;
  readonly tls?: RequestTls;
}

export function authHeaders(auth: RequestAuth): Readonly<Record<string, string>> {
  if (auth.kind === 'basic')
    return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`, 'utf8').toString('base64')}` };
  if (auth.kind === 'bearer') return { authorization: `Bearer ${auth.token}` };
  return auth.kind === 'header' ? { [auth.name]: auth.value } : {};
}

/** `text` with every secret replaced by `***`. */
export function redacted(text: string, credentials: Credentials): string {
  return secretsOf(credentials).reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

function secretsOf({ auth, tls }: Credentials): readonly string[] {
  const secrets = [...Object.values(authHeaders(auth)), tls?.key, tls?.passphrase];
  if (auth.kind === 'basic') secrets.push(auth.password, authHeaders(auth)['authorization']?.slice('Basic '.length));
  if (auth.kind === 'bearer') secrets.push(auth.token);
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '');
}
