/**
 * Domain names: one canonical form, A-labels in lower case without a trailing dot (RFC 5890, WHATWG URL's IDNA processing).
 *
 * A name has at least two labels and its last label is not a number, so that no address and no version number is a name.
 * Underscores are accepted: they occur in real host names and service records.
 */
import { domainToASCII } from 'node:url';

const ASCII_NAME =
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Canonical form, or undefined when the text is no domain name. */
export function canonicalDomain(text: string): string | undefined {
  let name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length < 3 || name.length > 1024) return undefined;
  // Most names are written in their canonical form.
  if (ASCII_NAME.test(name)) return name.length <= 253 ? name : undefined;
  name = isAscii(name) ? lowerAscii(name) : domainToASCII(name);
  return name.length <= 253 && ASCII_NAME.test(name) ? name : undefined;
}

/** `a.b.c` gives `b.c`, `c`: the names above, nearest first. */
export function parentDomains(name: string): string[] {
  const parents: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) parents.push(name.slice(dot + 1));
  return parents;
}

/** Lower-cases A to Z only: case folding never crosses between ASCII and other letters (design section 2). */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}

export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

const NOT_ASCII = /[\u0080-\uffff]/;
