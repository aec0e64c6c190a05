/**
 * STIX's typing (stix-patterns.md sections 3 and 5): constants meet only properties of their own type; what does not meet is
 * false here and turned by negation in the interpreter. Octets (`_hex`, `_bin` properties) meet text whose code points
 * are all below U+0100; text is ordered by code point and octets unsigned.
 */
import type { EventValue } from '../core/event.ts';
import { foldCase } from '../core/fold.ts';
import { parseStixTimestamp } from '../core/stix-timestamp.ts';
import type { Collation, Glob, Literal, OrderOperator, Regex } from '../ir/predicate.ts';
import { globMatches } from './glob.ts';
import type { MatchValue } from './object-path.ts';
import { compiledRegex } from './regex.ts';
import type { Subject } from './subject.ts';

export function strictEquals(literal: Literal, collation: Collation, value: MatchValue, subject: Subject): boolean {
  if (literal.type === 'string' && typeof value === 'string')
    return collation === 'exact' ? value === literal.value : foldCase(value) === foldCase(literal.value);
  return compare(literal, value, subject) === 0;
}

export function strictOrdered(operator: OrderOperator, literal: Literal, value: MatchValue, subject: Subject): boolean {
  const order = literal.type === 'boolean' ? undefined : compare(literal, value, subject);
  if (order === undefined) return false;
  if (operator === 'lt') return order < 0;
  if (operator === 'lte') return order <= 0;
  return operator === 'gt' ? order > 0 : order >= 0;
}

export function strictGlob(glob: Glob, value: MatchValue): boolean {
  const text = value instanceof Uint8Array ? utf8Text(value) : value;
  return typeof text === 'string' && globMatches(glob, text);
}

/** On octets the expression sees one character U+0000 to U+00FF for each, and nothing else can be meant by it. */
export function strictRegex(regex: Regex, value: MatchValue): boolean {
  if (value instanceof Uint8Array)
    return octetsOf(regex.source) !== undefined && compiledRegex(regex).matches(latin1(value));
  if (typeof value !== 'string') return false;
  return compiledRegex(regex).matches(regex.normalize === 'nfc' ? value.normalize('NFC') : value);
}

/** Negative, zero or positive as the value is smaller, equal or greater than the constant; undefined when types do not meet. */
function compare(literal: Literal, value: MatchValue, subject: Subject): number | undefined {
  if (value instanceof Uint8Array) {
    const octets = literalOctets(literal);
    return octets === undefined ? undefined : compareOctets(value, octets);
  }
  switch (literal.type) {
    case 'string':
      return typeof value === 'string' ? compareCodePoints(value, literal.value) : undefined;
    case 'number':
      return typeof value === 'number' ? value - literal.value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? Number(value) - Number(literal.value) : undefined;
    case 'bytes': {
      const octets = typeof value === 'string' ? octetsOf(value) : undefined;
      return octets === undefined ? undefined : compareOctets(octets, hexOctets(literal.hex));
    }
    case 'timestamp':
      return compareInstants(value, literal.epochNs, subject);
  }
}

function compareInstants(value: EventValue, epochNs: string, subject: Subject): number | undefined {
  if (typeof value !== 'string') return undefined;
  const instant = parseStixTimestamp(value);
  if (instant === undefined) {
    subject.onMismatch?.('not a timestamp', value);
    return undefined;
  }
  const constant = BigInt(epochNs);
  return instant < constant ? -1 : instant > constant ? 1 : 0;
}

/** UTF-16 units order surrogates below U+E000, code points do not. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [left.charCodeAt(i), right.charCodeAt(i)];
    if (a === b) continue;
    const [aHigh, bHigh] = [isSurrogate(a), isSurrogate(b)];
    if (aHigh !== bHigh) return aHigh ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function compareOctets(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function literalOctets(literal: Literal): Uint8Array | undefined {
  if (literal.type === 'bytes') return hexOctets(literal.hex);
  return literal.type === 'string' ? octetsOf(literal.value) : undefined;
}

function hexOctets(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** One octet for each code point, or undefined when one is above U+00FF. */
function octetsOf(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return undefined;
    octets[i] = unit;
  }
  return octets;
}

function latin1(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

function utf8Text(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (error) {
    // The only error of a fatal decoder: octets that are no UTF-8.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
