/** Elastic Common Schema 8 (field reference of ecs.version 8.x), nested or with dotted keys. */
import { field, has, integer, list, type ObjectTemplate, ref, type StixMapping, text } from '../mapping.ts';
import { mailObjects } from './mail.ts';
import { fileObjects, httpRequest, session } from './session.ts';

function hashes(base: string): Readonly<Record<string, ReturnType<typeof field>>> {
  return {
    'hashes.MD5': field('hash', `${base}.hash.md5`),
    'hashes.SHA-1': field('hash', `${base}.hash.sha1`),
    'hashes.SHA-256': field('hash', `${base}.hash.sha256`),
    'hashes.SHA-512': field('hash', `${base}.hash.sha512`),
    'hashes.SSDEEP': text(`${base}.hash.ssdeep`),
  };
}

function processObjects(id: string, base: string, parent?: string): readonly ObjectTemplate[] {
  return [
    {
      id,
      type: 'process',
      existsWith: [`${id}-image`],
      properties: {
        command_line: text(`${base}.command_line`),
        pid: integer(`${base}.pid`),
        cwd: text(`${base}.working_directory`),
        created_time: field('time', `${base}.start`),
        image_ref: ref(`${id}-image`),
        binary_ref: ref(`${id}-image`),
        creator_user_ref: ref('user'),
        ...(parent === undefined ? { child_refs: { refs: ['process'] } } : { parent_ref: ref(parent) }),
      },
    },
    ...fileObjects(`${id}-image`, [`${base}.executable`, `${base}.name`], {
      ...hashes(base),
      'extensions.windows-pebinary-ext.imphash': field('hash', `${base}.pe.imphash`),
    }),
  ];
}

export const ECS: StixMapping = {
  name: 'ecs',
  when: [
    has(
      ...[
        'ecs.version',
        'event.kind',
        'event.category',
        'event.module',
        'source.ip',
        'destination.ip',
        'client.ip',
        'server.ip',
      ],
      ...['url.full', 'url.original', 'url.domain', 'dns.question.name', 'process.executable', 'process.command_line'],
      ...[
        'process.name',
        'file.path',
        'file.name',
        'file.hash',
        'registry.path',
        'registry.key',
        'user.name',
        'email.from',
      ],
      ...['tls.server', 'destination.domain', 'http.request.method'],
    ),
  ],
  objects: [
    ...session({
      source: ['source.ip', 'client.ip', 'source.address', 'source.domain'],
      destination: ['destination.ip', 'server.ip', 'destination.address'],
      destinationName: [
        'destination.domain',
        'server.domain',
        'url.domain',
        'tls.client.server_name',
        'destination.address',
      ],
      sourceMac: ['source.mac', 'client.mac'],
      destinationMac: ['destination.mac', 'server.mac'],
      sourceSystem: {
        number: ['source.as.number', 'client.as.number'],
        name: ['source.as.organization.name', 'client.as.organization.name'],
      },
      destinationSystem: {
        number: ['destination.as.number', 'server.as.number'],
        name: ['destination.as.organization.name', 'server.as.organization.name'],
      },
      sourcePort: ['source.port', 'client.port'],
      destinationPort: ['destination.port', 'server.port', 'url.port'],
      protocols: ['network.type', 'network.transport', 'network.protocol'],
      sourceBytes: ['source.bytes'],
      destinationBytes: ['destination.bytes'],
      sourcePackets: ['source.packets'],
      destinationPackets: ['destination.packets'],
      start: ['event.start'],
      end: ['event.end'],
      more: httpRequest({
        method: ['http.request.method'],
        target: ['url.path', 'url.original', 'url.full'],
        version: ['http.version'],
        userAgent: ['user_agent.original'],
        referrer: ['http.request.referrer'],
        host: ['url.domain'],
        length: ['http.request.body.bytes'],
      }),
    }),
    { id: 'url', type: 'url', properties: { value: text('url.full') } },
    { id: 'url-original', type: 'url', properties: { value: text('url.original') } },
    {
      id: 'query',
      type: 'domain-name',
      properties: { value: field('domain', 'dns.question.name'), resolves_to_refs: { refs: ['answer', 'resolved'] } },
    },
    {
      id: 'answer',
      type: 'address',
      each: list('text', 'dns.answers.data'),
      properties: { value: { each: true, as: 'host' } },
    },
    {
      id: 'resolved',
      type: 'address',
      each: list('text', 'dns.resolved_ip'),
      properties: { value: { each: true, as: 'ip' } },
    },
    ...processObjects('process', 'process', 'parent'),
    ...processObjects('parent', 'process.parent'),
    ...fileObjects('file', ['file.path', 'file.name'], {
      ...hashes('file'),
      size: integer('file.size'),
      mime_type: text('file.mime_type'),
      ctime: field('time', 'file.created'),
      mtime: field('time', 'file.mtime'),
    }),
    ...fileObjects('library', ['dll.path', 'dll.name'], hashes('dll')),
    {
      id: 'key',
      type: 'windows-registry-key',
      properties: { key: field('registry-key', 'registry.path'), creator_user_ref: ref('user') },
    },
    // The path of a value event is the key and the name of the value.
    {
      id: 'value',
      type: 'windows-registry-key',
      when: [has('registry.value')],
      properties: {
        key: field('registry-parent', 'registry.path'),
        'values.0.name': text('registry.value'),
        'values.0.data': text('registry.data.strings'),
        'values.0.data_type': text('registry.data.type'),
        creator_user_ref: ref('user'),
      },
    },
    {
      id: 'user',
      type: 'user-account',
      properties: { account_login: text('user.name'), user_id: text('user.id'), display_name: text('user.full_name') },
    },
    {
      id: 'certificate',
      type: 'x509-certificate',
      properties: {
        'hashes.MD5': field('fingerprint', 'tls.server.hash.md5'),
        'hashes.SHA-1': field('fingerprint', 'tls.server.hash.sha1'),
        'hashes.SHA-256': field('fingerprint', 'tls.server.hash.sha256'),
        issuer: text('tls.server.issuer', 'tls.server.x509.issuer.distinguished_name'),
        subject: text('tls.server.subject', 'tls.server.x509.subject.distinguished_name'),
        serial_number: text('tls.server.x509.serial_number'),
        validity_not_before: field('time', 'tls.server.not_before', 'tls.server.x509.not_before'),
        validity_not_after: field('time', 'tls.server.not_after', 'tls.server.x509.not_after'),
      },
    },
    ...mailObjects({
      from: ['email.from.address', 'email.sender.address'],
      sender: ['email.sender.address'],
      to: ['email.to.address'],
      cc: ['email.cc.address'],
      more: {
        subject: text('email.subject'),
        message_id: text('email.message_id'),
        date: field('time', 'email.origination_timestamp'),
        'additional_header_fields.X-Mailer': text('email.x_mailer'),
      },
    }),
    {
      id: 'attachment',
      type: 'file',
      each: list('text', 'email.attachments.file.name'),
      properties: { name: { each: true, as: 'file-name' } },
    },
    // Name and hashes of the first attachment belong together.
    {
      id: 'first-attachment',
      type: 'file',
      when: [has(...['md5', 'sha1', 'sha256', 'sha512'].map((name) => `email.attachments.file.hash.${name}`))],
      properties: {
        name: field('file-name', 'email.attachments.file.name'),
        ...hashes('email.attachments.file'),
        size: integer('email.attachments.file.size'),
        mime_type: text('email.attachments.file.mime_type'),
      },
    },
    { id: 'software', type: 'software', properties: { name: text('package.name'), version: text('package.version') } },
  ],
};
