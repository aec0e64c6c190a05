/**
 * What an object path of a STIX pattern holds, as far as a scan for single values is concerned: one table, pseudo types and
 * misspellings of real feeds included (stix-patterns.md section 16).
 */
import type { IndicatorKind } from '../../core/indicator.ts';
import type { PatternPath } from '../pattern/ast.ts';

/**
 * `kind`: the value is one of that kind. `address`: a name or an address, by its look. `port`: the port of a side of a flow.
 * `type`: the type of a referenced object. `vague`: too common to be looked for alone (protocols, methods, counts, flags).
 */
export type PathMeaning =
  | { readonly is: 'kind'; readonly kind: IndicatorKind; readonly side?: string; readonly pseudo?: true }
  | { readonly is: 'port'; readonly side: string }
  | { readonly is: 'type'; readonly side: string }
  | { readonly is: 'vague' };

/** Types by which feeds mean another one. */
const PSEUDO_TYPES: Readonly<Record<string, string>> = {
  domain: 'domain-name',
  hostname: 'domain-name',
  host: 'domain-name',
  fqdn: 'domain-name',
  domainname: 'domain-name',
  'domain-name-value': 'domain-name',
  ip: 'ipv4-addr',
  ipv4: 'ipv4-addr',
  ipv4addr: 'ipv4-addr',
  'ipv4-address': 'ipv4-addr',
  'ip-addr': 'ipv4-addr',
  ipv6: 'ipv6-addr',
  ipv6addr: 'ipv6-addr',
  'ipv6-address': 'ipv6-addr',
  uri: 'url',
  email: 'email-message',
  'email-address': 'email-addr',
  emailaddr: 'email-addr',
  'win-registry-key': 'windows-registry-key',
  'registry-key': 'windows-registry-key',
  'windows-registry': 'windows-registry-key',
};

/** `type:steps` without quotes and with `[*]` cut, in lower case. */
const PATHS: Readonly<Record<string, IndicatorKind>> = {
  'domain-name:value': 'domain',
  'domain-name:resolves_to_refs.value': 'domain',
  'ipv4-addr:value': 'ipv4',
  'ipv6-addr:value': 'ipv6',
  'url:value': 'url',
  'email-addr:value': 'email',
  'email-message:value': 'email',
  'email-message:from_ref.value': 'email',
  'email-message:sender_ref.value': 'email',
  'email-message:to_refs.value': 'email',
  'email-message:cc_refs.value': 'email',
  'email-message:bcc_refs.value': 'email',
  'file:name': 'file-name',
  'process:name': 'file-name',
  'process:image_ref.name': 'file-name',
  'process:binary_ref.name': 'file-name',
  'file:content_ref.name': 'file-name',
  'windows-registry-key:key': 'registry-key',
  'mutex:name': 'mutex',
  'software:name': 'text',
  'file:extensions.windows-pebinary-ext.imphash': 'hash',
};

/** Sides of a flow: the value under the reference is a name or an address. */
const SIDES: Readonly<Record<string, string>> = { dst_ref: 'dst', src_ref: 'src' };
const PORTS: Readonly<Record<string, string>> = { dst_port: 'dst', src_port: 'src' };

/** Last keys whose values say nothing alone. */
const VAGUE = new Set([
  'protocols',
  'type',
  'mime_type',
  'content_type',
  'account_type',
  'request_method',
  'request_version',
  'method',
  'version',
  'language',
  'languages',
  'vendor',
  'number',
  'size',
  'pid',
  'data_type',
  'encryption_algorithm',
  'service_status',
  'service_type',
  'start_type',
  'signature_algorithm',
  'direction',
  'integrity_level',
]);

export function pathMeaning(path: PatternPath): PathMeaning {
  const keys = path.steps.flatMap((step) => (step.kind === 'key' ? [step.name] : []));
  const last = (keys.at(-1) ?? '').toLowerCase();
  const written = path.type.toLowerCase();
  const type = (Object.hasOwn(PSEUDO_TYPES, written) ? PSEUDO_TYPES[written] : undefined) ?? written;
  if (keys.at(-2)?.toLowerCase() === 'hashes' || keys.at(-2)?.toLowerCase() === 'hash')
    return withPseudo({ is: 'kind', kind: 'hash' }, type, written);
  if (type === 'network-traffic') {
    const flow = flowMeaning(keys);
    if (flow !== undefined) return flow;
  }
  if (last === 'user-agent' || last === 'user_agent') return { is: 'kind', kind: 'user-agent' };
  const name = `${type}:${keys.join('.').toLowerCase()}`;
  const kind = Object.hasOwn(PATHS, name) ? PATHS[name] : undefined;
  if (kind !== undefined) return withPseudo({ is: 'kind', kind }, type, written);
  if (isOfParent(keys)) return { is: 'vague' };
  if (last === 'value' && keys.at(-2)?.endsWith('_ref') === true) return { is: 'kind', kind: 'domain' };
  if (VAGUE.has(last) || last.startsWith('is_') || last.endsWith('_count')) return { is: 'vague' };
  return withPseudo({ is: 'kind', kind: 'text' }, type, written);
}

/** The name of a parent's image: anywhere else in the event it means another process. */
function isOfParent(keys: readonly string[]): boolean {
  return keys.at(-1) === 'name' && (keys.at(-2) === 'parent_ref' || keys.at(-3) === 'parent_ref');
}

function flowMeaning(keys: readonly string[]): PathMeaning | undefined {
  const [first = '', second] = keys;
  if (keys.length === 1 && Object.hasOwn(PORTS, first)) return { is: 'port', side: PORTS[first] as string };
  if (keys.length !== 2 || !Object.hasOwn(SIDES, first)) return undefined;
  const side = SIDES[first] as string;
  if (second === 'type') return { is: 'type', side };
  return second === 'value' ? { is: 'kind', kind: 'domain', side } : undefined;
}

function withPseudo(meaning: PathMeaning & { is: 'kind' }, type: string, written: string): PathMeaning {
  return type === written ? meaning : { ...meaning, pseudo: true };
}
