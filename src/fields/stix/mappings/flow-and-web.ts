/**
 * Records without a schema of their own: flow exports (NetFlow v5 names, IPFIX information elements, JSON of nfdump and of pmacct), and access logs of
 * proxies and web servers under the usual field names of their formats.
 */
import { field, has, list, ref, type StixMapping, text } from '../mapping.ts';
import { httpRequest, session } from './session.ts';

const SOURCES = [
  'srcaddr',
  'src_addr',
  'sourceIPv4Address',
  'sourceIPv6Address',
  'src4_addr',
  'src6_addr',
  'ipv4_src_addr',
  'ipv6_src_addr',
  'ip_src',
  'sa',
] as const;

export const FLOW: StixMapping = {
  name: 'flow',
  when: [has(...SOURCES)],
  objects: [
    ...session({
      source: SOURCES,
      destination: [
        'dstaddr',
        'dst_addr',
        'destinationIPv4Address',
        'destinationIPv6Address',
        'dst4_addr',
        'dst6_addr',
        'ipv4_dst_addr',
        'ipv6_dst_addr',
        'ip_dst',
        'da',
      ],
      sourceMac: ['in_src_mac', 'sourceMacAddress', 'mac_src'],
      destinationMac: ['out_dst_mac', 'in_dst_mac', 'destinationMacAddress', 'mac_dst'],
      sourceSystem: { number: ['src_as', 'bgpSourceAsNumber', 'as_src', 'sas'] },
      destinationSystem: { number: ['dst_as', 'bgpDestinationAsNumber', 'as_dst', 'das'] },
      sourcePort: ['srcport', 'src_port', 'sourceTransportPort', 'l4_src_port', 'port_src', 'sp'],
      destinationPort: ['dstport', 'dst_port', 'destinationTransportPort', 'l4_dst_port', 'port_dst', 'dp'],
      protocols: ['prot', 'proto', 'protocol', 'protocolIdentifier', 'ip_proto', 'pr'],
      sourceBytes: ['dOctets', 'octetDeltaCount', 'in_bytes', 'ibyt', 'bytes'],
      destinationBytes: ['postOctetDeltaCount', 'out_bytes', 'obyt'],
      sourcePackets: ['dPkts', 'packetDeltaCount', 'in_packets', 'in_pkts', 'ipkt', 'packets'],
      destinationPackets: ['postPacketDeltaCount', 'out_packets', 'out_pkts', 'opkt'],
      start: ['first', 't_first', 'flowStartMilliseconds', 'flowStartSeconds', 'ts'],
      end: ['last', 't_last', 'flowEndMilliseconds', 'flowEndSeconds', 'te'],
    }),
  ],
};

const URLS = ['url', 'cs-uri', 'request_url', 'requestUrl', 'request.url'];
const HOSTS = ['cs-host', 'cs_host', 'x-host', 'http_host', 'vhost', 'server_name'];

export const WEB: StixMapping = {
  name: 'web',
  when: [
    has(
      'cs-method',
      'cs_method',
      'method',
      'request_method',
      'http_method',
      'c-ip',
      'remote_addr',
      'client_ip',
      'clientip',
    ),
  ],
  objects: [
    ...session({
      source: ['c-ip', 'c_ip', 'remote_addr', 'client_ip', 'clientip', 'client', 'remote_host'],
      destination: ['s-ip', 's_ip', 'r-ip', 'server_ip', 'server_addr', 'upstream_addr', 'peer'],
      destinationName: HOSTS,
      sourcePort: ['c-port', 'remote_port', 'client_port'],
      destinationPort: ['s-port', 'cs-uri-port', 'server_port', 'port'],
      protocols: ['cs-uri-scheme', 'scheme'],
      sourceBytes: ['cs-bytes', 'request_length'],
      destinationBytes: ['sc-bytes', 'bytes_sent', 'bytes'],
      more: httpRequest({
        method: ['cs-method', 'cs_method', 'method', 'request_method', 'http_method', 'verb'],
        target: ['cs-uri-stem', 'cs-uri-path', 'request_uri', 'uri', 'path', ...URLS],
        version: ['cs-version', 'protocol', 'http_version', 'server_protocol'],
        userAgent: ['cs(User-Agent)', 'c-useragent', 'cs-user-agent', 'user_agent', 'http_user_agent', 'agent'],
        referrer: ['cs(Referer)', 'cs-referer', 'referrer', 'referer', 'http_referer'],
        host: HOSTS,
      }),
    }),
    { id: 'url', type: 'url', properties: { value: text(...URLS) } },
    {
      id: 'user',
      type: 'user-account',
      properties: { account_login: text('cs-username', 'remote_user', 'username', 'auth', 'user') },
    },
  ],
};

const QUERIES = ['query', 'qname', 'query_name', 'dns_query', 'queryName', 'rrname', 'dns_qry_name'];

export const DNS: StixMapping = {
  name: 'dns',
  when: [has('qname', 'qtype', 'query_type', 'rrtype', 'dns_query', 'query_name', 'dns_qry_name', 'queryName')],
  objects: [
    {
      id: 'query',
      type: 'domain-name',
      properties: { value: field('domain', ...QUERIES), resolves_to_refs: { refs: ['answer'] } },
    },
    {
      id: 'answer',
      type: 'address',
      each: list('text', 'answer', 'answers', 'rdata', 'response', 'resolved_ip', 'dns_a', 'dns_aaaa'),
      properties: { value: { each: true, as: 'host' } },
    },
    {
      id: 'client',
      type: 'address',
      properties: { value: field('ip', 'client', 'client_ip', 'src_ip', 'source_ip', 'ip_src') },
    },
    {
      id: 'conn',
      type: 'network-traffic',
      properties: { src_ref: ref('client'), protocols: { value: ['dns'] } },
    },
  ],
};
