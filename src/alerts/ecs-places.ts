/**
 * The table of ECS places: with each place the names that formats use for it and the shape that the place demands. A value of another shape
 * is left out, because one document with a host name in an `ip` field is refused whole by OpenSearch. Formats: ECS itself, STIX Spark, GELF,
 * Sysmon and Windows Security (flat as NXLog writes it, and nested), Zeek, Suricata EVE, W3C and proxy logs, CloudTrail.
 */
import { baseName } from '../core/base-name.ts';
import { canonicalIp } from '../core/ip-address.ts';

/** The value as the place wants it; undefined when the text is nothing of the kind. */
export type Shape = (text: string) => string | number | undefined;

export interface EcsPlace {
  readonly place: string;
  readonly shape: Shape;
  /** Names without a dot: a key in any letter case; with a dot: a field path. */
  readonly names: readonly string[];
}

/** One row per place; the first name that holds a value of the shape wins. */
// biome-ignore format: one row per place reads as a table
export const ECS_PLACES: readonly EcsPlace[] = [
  row('source.ip', ip, 'source.ip', 'src_ip', 'srcip', 'src', 'SourceIp', 'SourceAddress', 'IpAddress',
    'ClientAddress', 'id.orig_h', 'id_orig_h', 'tx_hosts', 'client.ip', 'client_ip', 'clientip', 'c-ip', 'c_ip',
    'remote_addr', 'remote_ip', 'sourceIPAddress', 'httpRequest.remoteIp', 'source.address'),
  row('source.port', port, 'source.port', 'src_port', 'srcport', 'spt', 'SourcePort', 'IpPort', 'id.orig_p',
    'id_orig_p', 'client.port', 'client_port', 'c-port', 'remote_port'),
  row('source.domain', hostName, 'source.domain', 'SourceHostname', 'WorkstationName', 'src_host'),
  row('destination.ip', ip, 'destination.ip', 'dst_ip', 'dest_ip', 'dstip', 'dst', 'DestinationIp',
    'DestinationAddress', 'DestAddress', 'id.resp_h', 'id_resp_h', 'rx_hosts', 'server.ip', 'server_ip', 's-ip',
    's_ip', 'destination.address'),
  row('destination.port', port, 'destination.port', 'dst_port', 'dest_port', 'dstport', 'dpt', 'DestinationPort',
    'DestPort', 'id.resp_p', 'id_resp_p', 'server.port', 'server_port', 's-port', 's_port'),
  row('destination.domain', hostName, 'destination.domain', 'DestinationHostname', 'dst_host', 'dst_domain',
    'server_name', 'tls.sni', 'tls.client.server_name'),
  row('url.original', text, 'url.full', 'url.original', 'URL', 'httpRequest.requestUrl', 'uri_full', 'http.url', 'request_url', 'requestURL',
    'cs-uri', 'http.request.url', 'uri', 'request_uri', 'cs-uri-stem', 'cs_uri_stem'),
  row('url.domain', hostName, 'url.domain', 'http.hostname', 'http.host', 'http_host', 'cs-host', 'cs_host', 'r-dns'),
  row('dns.question.name', hostName, 'dns.question.name', 'dns.rrname', 'QueryName', 'dns_query', 'query'),
  row('dns.question.type', text, 'dns.question.type', 'dns.rrtype', 'QueryType', 'qtype_name'),
  row('http.request.method', text, 'http.request.method', 'http.http_method', 'METHOD', 'http_method',
    'request_method', 'cs-method', 'cs_method', 'httpRequest.requestMethod'),
  row('http.request.referrer', text, 'http.request.referrer', 'http.http_refer', 'referrer', 'referer',
    'http_referer', 'cs(Referer)', 'cs-referer'),
  row('http.response.status_code', count, 'http.response.status_code', 'http.status', 'RETCODE', 'status_code',
    'sc-status', 'sc_status', 'httpRequest.status'),
  row('user_agent.original', text, 'user_agent.original', 'http.http_user_agent', 'user_agent', 'userAgent',
    'UserAgent', 'http_user_agent', 'cs(User-Agent)', 'cs-user-agent', 'c-useragent', 'httpRequest.userAgent'),
  row('network.transport', transport, 'network.transport', 'proto', 'Protocol', 'transport'),
  row('network.protocol', lower, 'network.protocol', 'app_proto', 'L7_PROTOCOL', 'service.protocol'),
  row('process.executable', text, 'process.executable', 'Image', 'NewProcessName', 'childproc_name', 'columns.path',
    'SourceImage', 'ProcessName',
    'Application', 'exe'),
  row('process.command_line', text, 'process.command_line', 'CommandLine', 'ProcessCommandLine',
    'properties.ProcessCommandLine', 'target_cmdline', 'columns.cmdline', 'cmdline'),
  row('process.pid', processId, 'process.pid', 'NewProcessId', 'childproc_pid', 'columns.pid', 'properties.ProcessId',
    'SourceProcessId', 'ProcessId', 'ProcessID', 'pid',
    'ExecutionProcessID'),
  row('process.entity_id', text, 'process.entity_id', 'ProcessGuid', 'SourceProcessGUID'),
  row('process.working_directory', text, 'process.working_directory', 'CurrentDirectory', 'cwd'),
  row('process.parent.executable', text, 'process.parent.executable', 'ParentImage', 'ParentProcessName'),
  row('process.parent.command_line', text, 'process.parent.command_line', 'ParentCommandLine'),
  row('process.parent.pid', processId, 'process.parent.pid', 'ParentProcessId', 'ppid'),
  row('process.parent.entity_id', text, 'process.parent.entity_id', 'ParentProcessGuid'),
  row('file.path', text, 'file.path', 'TargetFilename', 'ImageLoaded', 'file_path', 'filePath'),
  row('file.name', baseName, 'file.name', 'filename', 'file_name', 'fileinfo.filename'),
  row('file.hash.md5', hex(32), 'file.hash.md5', 'hash.md5', 'fileinfo.md5', 'md5'),
  row('file.hash.sha1', hex(40), 'file.hash.sha1', 'hash.sha1', 'fileinfo.sha1', 'sha1'),
  row('file.hash.sha256', hex(64), 'file.hash.sha256', 'hash.sha256', 'fileinfo.sha256', 'sha256'),
  row('registry.path', text, 'registry.path', 'TargetObject'),
  row('host.name', text, 'host.name', 'host.hostname', 'Hostname', 'winlog.computer_name', 'Computer',
    'computer_name', 'ComputerName', 'agent.hostname', 'beat.hostname', '@system', 'device_hostname', 'dvchost',
    'DeviceName', 'properties.DeviceName', 'device_name', 'hostIdentifier', 'node', 'host'),
  row('user.name', text, 'user.name', 'User', 'username', 'user_name', 'cs-username', 'cs_username',
    'SubjectUserName', 'TargetUserName', 'SourceUser', 'userIdentity.userName', 'suser', 'AccountName'),
  row('user.domain', text, 'user.domain', 'SubjectDomainName', 'TargetDomainName'),
  row('event.code', eventCode, 'event.code', 'winlog.event_id', 'EventID', 'EventCode', 'event_id'),
  row('event.provider', text, 'event.provider', 'winlog.provider_name', 'Provider_Name', 'SourceName',
    'Event.System.Provider.Name'),
];

function row(place: string, shape: Shape, ...names: string[]): EcsPlace {
  return { place, shape, names };
}

function ip(seen: string): string | undefined {
  return canonicalIp(seen.trim());
}

/** Anything without blanks that is no address. */
export function hostName(seen: string): string | undefined {
  return /\s/.test(seen) || canonicalIp(seen) !== undefined ? undefined : seen;
}

function port(seen: string): number | undefined {
  return /^\d{1,5}$/.test(seen) && Number(seen) <= 65_535 ? Number(seen) : undefined;
}

function count(seen: string): number | undefined {
  return /^\d{1,9}$/.test(seen) ? Number(seen) : undefined;
}

/** Decimal, or hexadecimal as Windows Security writes it. */
function processId(seen: string): number | undefined {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(seen) ? Number(seen) : undefined;
}

function hex(digits: number): Shape {
  return (seen) => (seen.length === digits && /^[0-9a-f]+$/i.test(seen) ? seen.toLowerCase() : undefined);
}

/** Windows numbers its events; elsewhere the same key holds an id of the single event, which is no code. */
function eventCode(seen: string): string | undefined {
  return seen.length <= 20 ? seen : undefined;
}

/** IANA protocol numbers as the Windows filtering platform and NetFlow write them. */
const TRANSPORTS: Readonly<Record<string, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp', 132: 'sctp' };

function transport(seen: string): string {
  return (Object.hasOwn(TRANSPORTS, seen) ? TRANSPORTS[seen] : undefined) ?? seen.toLowerCase();
}

function lower(seen: string): string {
  return seen.toLowerCase();
}

function text(seen: string): string {
  return seen;
}
