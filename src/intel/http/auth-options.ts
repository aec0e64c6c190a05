/**
 * Credentials of a server as options: basic, bearer, a key in a header of the provider's choice, a client certificate. Secrets stand in the
 * environment or in files, never among the options.
 */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { Credentials, RequestAuth } from './request-auth.ts';

export const AUTH_OPTIONS = {
  user: Type.Optional(Type.String({ minLength: 1, description: 'user name for basic authentication' })),
  password_env: Type.Optional(Type.String({ description: 'environment variable that holds the password' })),
  password_file: Type.Optional(Type.String({ description: 'file whose first line is the password' })),
  token_env: Type.Optional(Type.String({ description: 'environment variable that holds the token or key' })),
  token_file: Type.Optional(Type.String({ description: 'file whose first line is the token or key' })),
  token_header: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$",
      description: 'header that carries the key as it is, such as X-OTX-API-KEY; absent: a bearer token',
    }),
  ),
  cert_file: Type.Optional(Type.String({ description: 'PEM file of the client certificate' })),
  key_file: Type.Optional(Type.String({ description: 'PEM file of its key' })),
  ca_file: Type.Optional(Type.String({ description: 'PEM file of authorities to trust beside the system ones' })),
};

const authOptions = Type.Object(AUTH_OPTIONS);
export type AuthOptions = Type.Static<typeof authOptions>;

/** `where` names the place in messages. @throws FlintError when a secret or a file cannot be had, or the options contradict. */
export function readCredentials(options: AuthOptions, where: string): Credentials {
  const { cert_file: cert, key_file: key, ca_file: ca } = options;
  if ((cert === undefined) !== (key === undefined)) throw refused('"cert_file" and "key_file" belong together', where);
  const tls = {
    ...(cert !== undefined && { cert: readText(cert, where) }),
    ...(key !== undefined && { key: readText(key, where) }),
    ...(ca !== undefined && { ca: readText(ca, where) }),
  };
  return { auth: authOf(options, where), ...(Object.keys(tls).length > 0 && { tls }) };
}

function authOf(options: AuthOptions, where: string): RequestAuth {
  const password = secretOf(options.password_env, options.password_file, 'password', where);
  const token = secretOf(options.token_env, options.token_file, 'token', where);
  const { user, token_header: name } = options;
  if (user !== undefined && token !== undefined) throw refused('give a user with a password, or a token', where);
  // Some providers take a key as user name, without a password.
  if (user !== undefined) return { kind: 'basic', user, password: password ?? '' };
  if (password !== undefined) throw refused('a password needs "user"', where);
  if (name !== undefined) {
    if (token === undefined) throw refused('"token_header" needs "token_env" or "token_file"', where);
    return { kind: 'header', name, value: token };
  }
  return token === undefined ? { kind: 'none' } : { kind: 'bearer', token };
}

function secretOf(
  variable: string | undefined,
  file: string | undefined,
  what: string,
  where: string,
): string | undefined {
  if (variable === undefined && file === undefined) return undefined;
  const text = variable === undefined ? readText(file ?? '', where).split('\n')[0] : process.env[variable];
  const secret = text?.trim() ?? '';
  // What stands in a header must not end its line.
  if (/^[^\u0000-\u001f\u007f]+$/.test(secret)) return secret;
  throw refused(
    `no usable ${what} in ${variable === undefined ? 'its file' : `environment variable "${variable}"`}`,
    where,
  );
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // Missing or not readable by this user.
    const message = `file "${path}" of ${where} cannot be read: ${(cause as NodeJS.ErrnoException).code}`;
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', message)], { cause });
  }
}

function refused(message: string, where: string): FlintError {
  return new FlintError([diagnostic('CONFIG_BAD_VALUE', 'error', `${message} in ${where}`)]);
}
