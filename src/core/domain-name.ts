/**
 * Domain names: one canonical form, A-labels in lower case without a trailing dot (RFC 5890, WHATWG URL's IDNA processing).
 *
 * A name has at least two labels and its last label is not a number, so that no address and no version number is a name.
 * Underscores are accepted: they occur in real host names and service records.
 */
import { domainToASCII } from 'node:url';

const MAX_NAME = 253;
const MAX_LABEL = 63;
const DOT = 0x2e;
const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;

/** Canonical form, or undefined when the text is no domain name. */
export function canonicalDomain(text: string): string | undefined {
  let name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length < 3 || name.length > 1024) return undefined;
  // Most names are written in their canonical form.
  if (isCanonicalName(name)) return name;
  name = isAscii(name) ? lowerAscii(name) : domainToASCII(name);
  return isCanonicalName(name) ? name : undefined;
}

/** Whether `text[start, end)` is a name in its canonical form. Character by character: it is asked of every value of every list. */
export function isCanonicalName(text: string, start = 0, end = text.length): boolean {
  if (end - start > MAX_NAME) return false;
  let label = start;
  let hasLetter = false;
  let hasUnderscore = false;
  let before = DOT;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) hasLetter = true;
    else if (code === DOT) {
      if (before === DOT || before === HYPHEN || i - label > MAX_LABEL) return false;
      label = i + 1;
      hasLetter = false;
      hasUnderscore = false;
    } else if (code === UNDERSCORE) hasUnderscore = true;
    else if (code === HYPHEN ? before === DOT : code < 0x30 || code > 0x39) return false;
    before = code;
  }
  const isLastLabel = before !== DOT && before !== HYPHEN && end - label <= MAX_LABEL && hasLetter && !hasUnderscore;
  return isLastLabel && label > start;
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
