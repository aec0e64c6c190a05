/** What codes of Node's network and TLS layers mean for somebody who configures a source. The code stays beside the words, for searching. */

const NOT_TRUSTED = 'no trusted authority has signed its certificate; tls.ca_file names authorities of your own';
const WANTS_CERTIFICATE = 'the server asks for a client certificate; tls.cert_file and tls.key_file name one';

/** `lasting`: trying again gives the same. */
const MEANINGS: Readonly<Record<string, { readonly words: string; readonly lasting: boolean }>> = {
  ECONNREFUSED: { words: 'nothing listens there', lasting: false },
  ECONNRESET: { words: 'the connection was reset', lasting: false },
  ENOTFOUND: { words: 'there is no host of that name', lasting: false },
  EAI_AGAIN: { words: 'names cannot be resolved at the moment', lasting: false },
  EHOSTUNREACH: { words: 'there is no way to the host', lasting: false },
  ENETUNREACH: { words: 'there is no way to its network', lasting: false },
  SELF_SIGNED_CERT_IN_CHAIN: { words: NOT_TRUSTED, lasting: true },
  DEPTH_ZERO_SELF_SIGNED_CERT: { words: NOT_TRUSTED, lasting: true },
  UNABLE_TO_GET_ISSUER_CERT: { words: NOT_TRUSTED, lasting: true },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { words: NOT_TRUSTED, lasting: true },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { words: NOT_TRUSTED, lasting: true },
  CERT_HAS_EXPIRED: { words: 'its certificate has expired', lasting: true },
  CERT_NOT_YET_VALID: { words: 'its certificate is not valid yet', lasting: true },
  ERR_TLS_CERT_ALTNAME_INVALID: { words: 'its certificate is for another name', lasting: true },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: { words: WANTS_CERTIFICATE, lasting: true },
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: {
    words: `the server refuses the TLS handshake; perhaps ${WANTS_CERTIFICATE}`,
    lasting: true,
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    words: 'the server does not speak TLS at this port; perhaps http is meant',
    lasting: true,
  },
};

export interface NetworkReason {
  readonly text: string;
  readonly lasting: boolean;
}

export function networkReason({ code, message }: { readonly code?: string; readonly message: string }): NetworkReason {
  if (code === undefined) return { text: message, lasting: false };
  const meaning = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  return meaning === undefined
    ? { text: code, lasting: false }
    : { text: `${meaning.words} (${code})`, lasting: meaning.lasting };
}
