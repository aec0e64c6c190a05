/** Suricata EVE JSON: records with an event_type and a flow's addresses. */
import { field, has, integer, list, type StixMapping, text } from '../mapping.ts';
import { mailObjects } from './mail.ts';
import { fileObjects, httpRequest, session } from './session.ts';

export const SURICATA: StixMapping = {
  name: 'suricata',
  when: [has('event_type'), has('src_ip', 'dest_ip', 'flow_id')],
  objects: [
    ...session({
      source: ['src_ip'],
      destination: ['dest_ip'],
      destinationName: ['tls.sni', 'http.hostname', 'quic.sni'],
      sourceMac: ['ether.src_mac', 'dhcp.client_mac'],
      destinationMac: ['ether.dest_mac'],
      sourcePort: ['src_port'],
      destinationPort: ['dest_port'],
      protocols: ['proto', 'app_proto'],
      sourceBytes: ['flow.bytes_toserver', 'netflow.bytes'],
      destinationBytes: ['flow.bytes_toclient'],
      sourcePackets: ['flow.pkts_toserver', 'netflow.pkts'],
      destinationPackets: ['flow.pkts_toclient'],
      start: ['flow.start', 'netflow.start'],
      end: ['flow.end', 'netflow.end'],
      more: httpRequest({
        method: ['http.http_method'],
        target: ['http.url'],
        version: ['http.protocol'],
        userAgent: ['http.http_user_agent'],
        referrer: ['http.http_refer'],
        host: ['http.hostname'],
      }),
    }),
    {
      id: 'query',
      type: 'domain-name',
      properties: {
        value: field('domain', 'dns.rrname', 'dns.query.rrname', 'dns.queries.rrname'),
        resolves_to_refs: { refs: ['answer'] },
      },
    },
    {
      id: 'answer',
      type: 'address',
      each: list('text', 'dns.answers.rdata', 'dns.rdata', 'dns.grouped.A', 'dns.grouped.AAAA', 'dns.grouped.CNAME'),
      properties: { value: { each: true, as: 'host' } },
    },
    ...fileObjects('file', ['fileinfo.filename', 'files.filename'], {
      'hashes.MD5': field('hash', 'fileinfo.md5', 'files.md5'),
      'hashes.SHA-1': field('hash', 'fileinfo.sha1', 'files.sha1'),
      'hashes.SHA-256': field('hash', 'fileinfo.sha256', 'files.sha256'),
      size: integer('fileinfo.size', 'files.size'),
      mime_type: text('fileinfo.magic', 'fileinfo.mimetype'),
    }),
    {
      id: 'certificate',
      type: 'x509-certificate',
      properties: {
        'hashes.SHA-1': field('fingerprint', 'tls.fingerprint'),
        issuer: text('tls.issuerdn'),
        subject: text('tls.subject'),
        serial_number: text('tls.serial'),
        validity_not_before: field('time', 'tls.notbefore'),
        validity_not_after: field('time', 'tls.notafter'),
      },
    },
    ...mailObjects({
      from: ['email.from', 'smtp.mail_from'],
      to: ['email.to', 'smtp.rcpt_to'],
      cc: ['email.cc'],
      more: {
        subject: text('email.subject'),
        message_id: text('email.message_id'),
        date: field('time', 'email.date'),
        'additional_header_fields.X-Mailer': text('email.x_mailer'),
      },
    }),
    {
      id: 'attachment',
      type: 'file',
      each: list('text', 'email.attachment'),
      properties: { name: { each: true, as: 'file-name' } },
    },
    {
      id: 'software',
      type: 'software',
      each: list('text', 'ssh.client.software_version', 'ssh.server.software_version'),
      properties: { name: { each: true, as: 'text' } },
    },
  ],
};
