/**
 * Name-based UUIDs (RFC 9562 section 5.5): the same namespace and name always give the same id. Version 5, or with the form of version 4 where a
 * standard asks for random ones and the same thing must have the same id all the same.
 */
import { hash } from 'node:crypto';

/** `namespace` is a UUID in its usual text form. */
export function uuidV5(namespace: string, name: string): string {
  return namedUuid(namespace, name, 0x50);
}

/** Looks as if it were random. */
export function uuidV4Of(namespace: string, name: string): string {
  return namedUuid(namespace, name, 0x40);
}

function namedUuid(namespace: string, name: string, version: number): string {
  const named = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name, 'utf8')]);
  const digest = hash('sha1', named, 'buffer').subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | version;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
