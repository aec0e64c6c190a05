/** What messages, tables and files say of a source: never user name, password or query of an address, which may hold keys. */
import { createHash } from 'node:crypto';

export function shownSource(source: string): string {
  if (!isAddress(source)) return source;
  try {
    const url = new URL(source);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    // Not a valid URL; fetching says so.
    return 'an invalid URL';
  }
}

/** As `shownSource`, with a digest that tells queries apart. */
export function feedNameOf(url: string): string {
  const query = url.indexOf('?');
  const digest = query < 0 ? '' : `?${createHash('sha256').update(url.slice(query)).digest('hex').slice(0, 8)}`;
  return shownSource(url) + digest;
}

export function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}
