/** Zeek logs, JSON or TSV, with `id.orig_h` or with the underscores that exporters write; `certificate.x` likewise. */
import { field, has, integer, list, type StixMapping, text } from '../mapping.ts';
import { mailObjects } from './mail.ts';
import { fileObjects, httpRequest, session } from './session.ts';

const certificate = (name: string): readonly string[] => [`certificate.${name}`, `certificate_${name}`];

export const ZEEK: StixMapping = {
  name: 'zeek',
  when: [has('id.orig_h', 'id_orig_h', 'uid', 'fuid', 'certificate.serial', 'certificate_serial')],
  objects: [
    ...session({
      source: ['id.orig_h', 'id_orig_h'],
      destination: ['id.resp_h', 'id_resp_h'],
      destinationName: ['server_name', 'host'],
      sourceMac: ['orig_l2_addr'],
      destinationMac: ['resp_l2_addr'],
      sourcePort: ['id.orig_p', 'id_orig_p'],
      destinationPort: ['id.resp_p', 'id_resp_p'],
      protocols: ['proto', 'service'],
      sourceBytes: ['orig_bytes'],
      destinationBytes: ['resp_bytes'],
      sourcePackets: ['orig_pkts'],
      destinationPackets: ['resp_pkts'],
      start: ['ts'],
      more: httpRequest({
        method: ['method'],
        target: ['uri'],
        version: ['version'],
        userAgent: ['user_agent'],
        referrer: ['referrer'],
        host: ['host'],
        length: ['request_body_len'],
      }),
    }),
    {
      id: 'query',
      type: 'domain-name',
      properties: { value: field('domain', 'query'), resolves_to_refs: { refs: ['answer'] } },
    },
    { id: 'answer', type: 'address', each: list('text', 'answers'), properties: { value: { each: true, as: 'host' } } },
    ...fileObjects('file', ['filename', 'name'], {
      'hashes.MD5': field('hash', 'md5'),
      'hashes.SHA-1': field('hash', 'sha1'),
      'hashes.SHA-256': field('hash', 'sha256'),
      size: integer('total_bytes', 'seen_bytes', 'size'),
      mime_type: text('mime_type'),
    }).map((template) => ({ ...template, when: [has('fuid', 'filename', 'action')] })),
    {
      id: 'certificate',
      type: 'x509-certificate',
      properties: {
        issuer: text(...certificate('issuer'), 'issuer'),
        subject: text(...certificate('subject'), 'subject'),
        serial_number: text(...certificate('serial')),
        signature_algorithm: text(...certificate('sig_alg')),
        subject_public_key_algorithm: text(...certificate('key_alg')),
        subject_public_key_exponent: integer(...certificate('exponent')),
        validity_not_before: field('time', ...certificate('not_valid_before')),
        validity_not_after: field('time', ...certificate('not_valid_after')),
        'hashes.SHA-1': field('fingerprint', 'resp_certificate_sha1'),
        'hashes.SHA-256': field('fingerprint', 'fingerprint', 'cert_chain_fps'),
      },
    },
    ...mailObjects({
      ...{ from: ['mailfrom', 'from'], to: ['rcptto', 'to'], cc: ['cc'] },
      more: { subject: text('subject'), date: field('time', 'date'), message_id: text('msg_id') },
      when: [has('helo', 'mailfrom', 'rcptto')],
    }),
    // An address that was leased, and to whom.
    {
      id: 'lease',
      type: 'address',
      when: [has('assigned_addr')],
      properties: { value: field('ip', 'assigned_addr'), resolves_to_refs: { refs: ['lease-mac'] } },
    },
    {
      id: 'lease-mac',
      type: 'mac-addr',
      when: [has('assigned_addr', 'client_addr')],
      properties: { value: field('mac', 'mac') },
    },
    {
      id: 'user',
      type: 'user-account',
      when: [has('uid')],
      properties: { account_login: text('username', 'user', 'client') },
    },
    {
      id: 'software',
      type: 'software',
      when: [has('software_type')],
      properties: { name: text('name'), version: text('unparsed_version') },
    },
  ],
};
