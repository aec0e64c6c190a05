/**
 * The objects of a network session, which most formats share: network-traffic with both addresses, and once more with the
 * destination's name, since feeds write `network-traffic:dst_ref.value` for either.
 */
import { field, integer, list, type ObjectTemplate, type PropertySource, ref, text } from '../mapping.ts';

export interface SessionFields {
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly destinationName?: readonly string[];
  readonly sourceMac?: readonly string[];
  readonly destinationMac?: readonly string[];
  /** Number and name of the autonomous systems. */
  readonly sourceSystem?: SystemFields;
  readonly destinationSystem?: SystemFields;
  readonly sourcePort?: readonly string[];
  readonly destinationPort?: readonly string[];
  /** Outermost first, after the address family. */
  readonly protocols?: readonly string[];
  readonly sourceBytes?: readonly string[];
  readonly destinationBytes?: readonly string[];
  readonly sourcePackets?: readonly string[];
  readonly destinationPackets?: readonly string[];
  readonly start?: readonly string[];
  readonly end?: readonly string[];
  /** Further properties of the network-traffic objects: HTTP requests, … */
  readonly more?: Readonly<Record<string, PropertySource>>;
}

export interface SystemFields {
  readonly number: readonly string[];
  readonly name?: readonly string[];
}

export function session(fields: SessionFields): readonly ObjectTemplate[] {
  const properties: Record<string, PropertySource> = {
    src_ref: ref('src'),
    dst_ref: ref('dst'),
    ...fromFields('src_port', integer, fields.sourcePort),
    ...fromFields('dst_port', integer, fields.destinationPort),
    ...fromFields('protocols', (...names) => list('protocol', ...names), fields.protocols),
    ...fromFields('src_byte_count', integer, fields.sourceBytes),
    ...fromFields('dst_byte_count', integer, fields.destinationBytes),
    ...fromFields('src_packets', integer, fields.sourcePackets),
    ...fromFields('dst_packets', integer, fields.destinationPackets),
    ...fromFields('start', (...names) => field('time', ...names), fields.start),
    ...fromFields('end', (...names) => field('time', ...names), fields.end),
    ...fields.more,
  };
  const templates: ObjectTemplate[] = [
    { id: 'conn', type: 'network-traffic', existsWith: ['src', 'dst'], properties },
    { id: 'src', type: 'address', properties: address('src', fields.source, fields.sourceMac, fields.sourceSystem) },
    {
      id: 'dst',
      type: 'address',
      properties: address('dst', fields.destination, fields.destinationMac, fields.destinationSystem),
    },
  ];
  if (fields.destinationName !== undefined) {
    templates.push(
      {
        id: 'dst-name',
        type: 'domain-name',
        properties: { value: field('domain', ...fields.destinationName), resolves_to_refs: { refs: ['dst'] } },
      },
      {
        id: 'conn-name',
        type: 'network-traffic',
        existsWith: ['dst-name'],
        requires: ['dst-name'],
        properties: { ...properties, dst_ref: ref('dst-name') },
      },
    );
  }
  for (const [id, names] of [
    ['src-mac', fields.sourceMac],
    ['dst-mac', fields.destinationMac],
  ] as const)
    if (names !== undefined) templates.push({ id, type: 'mac-addr', properties: { value: field('mac', ...names) } });
  for (const [id, system] of [
    ['src-as', fields.sourceSystem],
    ['dst-as', fields.destinationSystem],
  ] as const)
    if (system !== undefined)
      templates.push({
        id,
        type: 'autonomous-system',
        properties: { number: integer(...system.number), ...fromFields('name', text, system.name) },
      });
  return templates;
}

function address(
  side: 'src' | 'dst',
  names: readonly string[],
  mac: readonly string[] | undefined,
  system: SystemFields | undefined,
): Readonly<Record<string, PropertySource>> {
  return {
    value: field('host', ...names),
    ...(mac !== undefined && { resolves_to_refs: { refs: [`${side}-mac`] } }),
    ...(system !== undefined && { belongs_to_refs: { refs: [`${side}-as`] } }),
  };
}

function fromFields(
  property: string,
  source: (...names: readonly string[]) => PropertySource,
  names: readonly string[] | undefined,
): Record<string, PropertySource> {
  return names === undefined ? {} : { [property]: source(...names) };
}

/** Request line and header fields under the names of the http-request extension. */
export function httpRequest(fields: {
  readonly method?: readonly string[];
  readonly target?: readonly string[];
  readonly version?: readonly string[];
  readonly userAgent?: readonly string[];
  readonly referrer?: readonly string[];
  readonly host?: readonly string[];
  readonly length?: readonly string[];
}): Readonly<Record<string, PropertySource>> {
  const at = 'extensions.http-request-ext';
  return {
    ...fromFields(`${at}.request_method`, (...names) => field('lower', ...names), fields.method),
    ...fromFields(`${at}.request_value`, (...names) => field('request-target', ...names), fields.target),
    ...fromFields(`${at}.request_version`, (...names) => field('lower', ...names), fields.version),
    ...fromFields(`${at}.request_header.User-Agent`, (...names) => field('text', ...names), fields.userAgent),
    ...fromFields(`${at}.request_header.Referer`, (...names) => field('text', ...names), fields.referrer),
    ...fromFields(`${at}.request_header.Host`, (...names) => field('text', ...names), fields.host),
    ...fromFields(`${at}.message_body_length`, integer, fields.length),
  };
}

/** A file with its directory; `more` adds hashes, size, … */
export function fileObjects(
  id: string,
  paths: readonly string[],
  more: Readonly<Record<string, PropertySource>> = {},
): readonly ObjectTemplate[] {
  return [
    {
      id,
      type: 'file',
      properties: { name: field('file-name', ...paths), parent_directory_ref: ref(`${id}-dir`), ...more },
    },
    { id: `${id}-dir`, type: 'directory', properties: { path: field('directory', ...paths) } },
  ];
}
