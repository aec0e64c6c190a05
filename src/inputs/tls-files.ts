/** Certificate options of inputs that speak TLS. */
import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';

export const TLS_OPTIONS = {
  cert_file: Type.Optional(Type.String({ description: 'PEM file of the certificate (TLS)' })),
  key_file: Type.Optional(Type.String({ description: 'PEM file of its key (TLS)' })),
  client_ca_file: Type.Optional(
    Type.String({ description: 'PEM file of authorities; clients must then show a certificate of one (TLS)' }),
  ),
};

const tlsOptions = Type.Object(TLS_OPTIONS);

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
}

/** @throws FlintError when a file is missing or cannot be read. */
export function readTlsFiles(options: Static<typeof tlsOptions>): TlsFiles {
  const { cert_file, key_file, client_ca_file } = options;
  if (cert_file === undefined || key_file === undefined)
    throw new FlintError([diagnostic('CONFIG_BAD_VALUE', 'error', 'TLS needs "cert_file" and "key_file"')]);
  return {
    cert: readPem(cert_file),
    key: readPem(key_file),
    requestCert: client_ca_file !== undefined,
    ...(client_ca_file !== undefined && { ca: readPem(client_ca_file) }),
  };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    // Missing or unreadable.
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', `cannot read "${path}"`)], { cause });
  }
}
