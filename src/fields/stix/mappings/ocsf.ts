/** Open Cybersecurity Schema Framework 1.x: events with a class_uid. */
import { field, has, integer, list, type ObjectTemplate, ref, type StixMapping, text } from '../mapping.ts';
import { mailObjects } from './mail.ts';
import { fileObjects, httpRequest, session } from './session.ts';

/** Hashes are a list of objects; their length tells the algorithm. */
function hashes(base: string): Readonly<Record<string, ReturnType<typeof field>>> {
  return {
    'hashes.MD5': field('md5', `${base}.value`),
    'hashes.SHA-1': field('sha1', `${base}.value`),
    'hashes.SHA-256': field('sha256', `${base}.value`),
  };
}

function processObjects(
  id: string,
  base: string,
  parents: readonly string[],
  users: readonly string[],
): readonly ObjectTemplate[] {
  return [
    {
      id,
      type: 'process',
      existsWith: [`${id}-image`],
      properties: {
        command_line: text(`${base}.cmd_line`),
        pid: integer(`${base}.pid`),
        created_time: field('time', `${base}.created_time_dt`, `${base}.created_time`),
        image_ref: ref(`${id}-image`),
        binary_ref: ref(`${id}-image`),
        parent_ref: ref(...parents),
        creator_user_ref: ref(...users),
      },
    },
    ...fileObjects(`${id}-image`, [`${base}.file.path`, `${base}.path`, `${base}.file.name`, `${base}.name`], {
      ...hashes(`${base}.file.hashes`),
    }),
  ];
}

export const OCSF: StixMapping = {
  name: 'ocsf',
  when: [has('class_uid')],
  objects: [
    ...session({
      source: ['src_endpoint.ip', 'src_endpoint.hostname'],
      destination: ['dst_endpoint.ip', 'dst_endpoint.hostname'],
      destinationName: ['dst_endpoint.hostname', 'dst_endpoint.domain', 'http_request.url.hostname', 'tls.sni'],
      sourceMac: ['src_endpoint.mac'],
      destinationMac: ['dst_endpoint.mac'],
      sourceSystem: {
        number: ['src_endpoint.autonomous_system.number'],
        name: ['src_endpoint.autonomous_system.name'],
      },
      destinationSystem: {
        number: ['dst_endpoint.autonomous_system.number'],
        name: ['dst_endpoint.autonomous_system.name'],
      },
      sourcePort: ['src_endpoint.port'],
      destinationPort: ['dst_endpoint.port', 'http_request.url.port'],
      protocols: ['connection_info.protocol_name', 'connection_info.protocol_num', 'app_name'],
      sourceBytes: ['traffic.bytes_out'],
      destinationBytes: ['traffic.bytes_in'],
      sourcePackets: ['traffic.packets_out'],
      destinationPackets: ['traffic.packets_in'],
      start: ['start_time_dt', 'start_time'],
      end: ['end_time_dt', 'end_time'],
      more: httpRequest({
        method: ['http_request.http_method'],
        target: ['http_request.url.path', 'http_request.url.url_string'],
        version: ['http_request.version'],
        userAgent: ['http_request.user_agent'],
        referrer: ['http_request.referrer'],
        host: ['http_request.url.hostname'],
      }),
    }),
    { id: 'url', type: 'url', properties: { value: text('http_request.url.url_string', 'url.url_string') } },
    {
      id: 'query',
      type: 'domain-name',
      properties: { value: field('domain', 'query.hostname'), resolves_to_refs: { refs: ['answer'] } },
    },
    {
      id: 'answer',
      type: 'address',
      each: list('text', 'answers.rdata'),
      properties: { value: { each: true, as: 'host' } },
    },
    // Where the parent is not told, the actor of a process activity is who started it.
    ...processObjects('process', 'process', ['parent', 'actor'], ['process-user', 'actor-user']),
    ...processObjects('parent', 'process.parent_process', [], []),
    ...processObjects('actor', 'actor.process', ['actor-parent'], ['actor-user']),
    ...processObjects('actor-parent', 'actor.process.parent_process', [], []),
    ...fileObjects('file', ['file.path', 'file.name'], {
      ...hashes('file.hashes'),
      size: integer('file.size'),
      mime_type: text('file.mime_type'),
      ctime: field('time', 'file.created_time_dt', 'file.created_time'),
      mtime: field('time', 'file.modified_time_dt', 'file.modified_time'),
    }),
    {
      id: 'key',
      type: 'windows-registry-key',
      properties: { key: field('registry-key', 'reg_key.path', 'win_registry_key.path', 'reg_value.path') },
    },
    {
      id: 'value',
      type: 'windows-registry-key',
      when: [has('reg_value.name')],
      properties: {
        key: field('registry-key', 'reg_value.path', 'reg_key.path'),
        'values.0.name': text('reg_value.name'),
        'values.0.data': text('reg_value.data'),
        'values.0.data_type': text('reg_value.type'),
      },
    },
    {
      id: 'process-user',
      type: 'user-account',
      properties: { account_login: text('process.user.name'), user_id: text('process.user.uid') },
    },
    {
      id: 'user',
      type: 'user-account',
      properties: { account_login: text('user.name'), user_id: text('user.uid'), display_name: text('user.full_name') },
    },
    {
      id: 'actor-user',
      type: 'user-account',
      properties: { account_login: text('actor.user.name'), user_id: text('actor.user.uid') },
    },
    {
      id: 'certificate',
      type: 'x509-certificate',
      properties: {
        issuer: text('tls.certificate.issuer', 'certificate.issuer'),
        subject: text('tls.certificate.subject', 'certificate.subject'),
        serial_number: text('tls.certificate.serial_number', 'certificate.serial_number'),
        'hashes.MD5': field('md5', 'tls.certificate.fingerprints.value', 'certificate.fingerprints.value'),
        'hashes.SHA-1': field('sha1', 'tls.certificate.fingerprints.value', 'certificate.fingerprints.value'),
        'hashes.SHA-256': field('sha256', 'tls.certificate.fingerprints.value', 'certificate.fingerprints.value'),
        validity_not_before: field('time', 'tls.certificate.created_time_dt', 'tls.certificate.created_time'),
        validity_not_after: field('time', 'tls.certificate.expiration_time_dt', 'tls.certificate.expiration_time'),
      },
    },
    ...mailObjects({
      ...{ from: ['email.from', 'email.smtp_from'], to: ['email.to', 'email.smtp_to'], cc: ['email.cc'] },
      more: { subject: text('email.subject'), message_id: text('email.message_uid') },
    }),
  ],
};
