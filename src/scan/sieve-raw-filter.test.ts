import { expect, test } from 'vitest';
import { gramOf, learnLiterals } from './gram-frequency.ts';
import { ScanMemory } from './scan-memory.ts';
import type { SieveMatcher } from './sieve-group.ts';
import { RAW_BITS, RAW_BYTES, RAW_SHIFT } from './sieve-memory.ts';
import { SieveRawFilters } from './sieve-raw-filter.ts';

const frequency = learnLiterals(Buffer.from('{"Image":"C:\\\\Windows\\\\explorer.exe"}\n'.repeat(20)));

function keywords(...texts: string[]): SieveMatcher {
  return { slots: [], numeric: [], literals: texts.map((text, atom) => ({ relation: 'contains', text, atom })) };
}

function gramsIn(memory: ScanMemory, address: number): number {
  const bits = new Uint8Array(memory.memory.buffer, address + RAW_BITS, RAW_BYTES - RAW_BITS);
  return bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}

test('every literal has a gram in the filter, and those that can share one do', () => {
  const memory = new ScanMemory();
  const texts = ['k1erberos::golden', 'kerberos::golden', 'k2erberos::golden', 'lsadump::', 'dpapi::masterkey'];
  const address = new SieveRawFilters(memory).addressOf(keywords(...texts), frequency);
  const bits = new Uint8Array(memory.memory.buffer, address + RAW_BITS, RAW_BYTES - RAW_BITS);
  const isSet = (gram: number): boolean => {
    const hash = Math.imul(gram, 0x9e3779b1) >>> RAW_SHIFT;
    return (((bits[hash >>> 3] ?? 0) >>> (hash & 7)) & 1) === 1;
  };
  for (const text of texts)
    expect(Array.from({ length: text.length - 3 }, (_, i) => gramOf(text, i)).some(isSet), text).toBe(true);
  expect(gramsIn(memory, address)).toBeLessThanOrEqual(3);
});

test('the same keywords have one filter, in whatever order and for whatever atoms', () => {
  const filters = new SieveRawFilters(new ScanMemory());
  const first = filters.addressOf(keywords('mimikatz', 'sekurlsa::'), frequency);
  expect(filters.addressOf(keywords('sekurlsa::', 'mimikatz'), frequency)).toBe(first);
  expect(filters.addressOf(keywords('mimikatz'), frequency)).not.toBe(first);
});

test('what JSON may spell otherwise has no filter', () => {
  const filters = new SieveRawFilters(new ScanMemory());
  expect(filters.addressOf(keywords('mimikatz', 'a\\b\\c'), frequency)).toBe(0);
  expect(filters.addressOf(keywords('abc'), frequency)).toBe(0);
  expect(filters.addressOf({ ...keywords('mimikatz'), numeric: [0] }, frequency)).toBe(0);
  expect(filters.addressOf({ ...keywords('mimikatz'), strange: 1 }, frequency)).toBe(0);
});
