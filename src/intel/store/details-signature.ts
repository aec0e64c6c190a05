/**
 * Signatures of details: 64 bits over everything that a feed says, equal exactly when it says the same (but for chance, 2^-64), so
 * that a million details of two tables are compared without parsing any. The feed is no part of it.
 */
import type { DetailsProfile, IndicatorTable } from '../../core/indicator-table.ts';
import { detailTexts } from './detail-texts.ts';

/** Two words for each details number; only for those that `wanted` has a 1 for. */
export function detailsSignatures(table: IndicatorTable, wanted?: Uint8Array): Uint32Array {
  const { profile, profiles, validFrom, validUntil, modified, confidence, tlp } = table.columns;
  const signatures = new Uint32Array(2 * profile.length);
  const profileHashes = new Map<number, readonly [number, number]>();
  const profileHash = (number: number): readonly [number, number] => {
    let known = profileHashes.get(number);
    if (known === undefined) {
      known = hashOf(Buffer.from(JSON.stringify(withoutFeed(profiles[number]))));
      profileHashes.set(number, known);
    }
    return known;
  };
  const numbers = new Float64Array(3);
  const words = new Uint32Array(numbers.buffer);
  for (let number = 0; number < profile.length; number++) {
    if (wanted !== undefined && wanted[number] !== 1) continue;
    numbers[0] = validFrom[number] ?? Number.NaN;
    numbers[1] = validUntil[number] ?? Number.NaN;
    numbers[2] = modified[number] ?? Number.NaN;
    let [a, b] = profileHash(profile[number] ?? 0);
    for (const word of words) {
      a = step(a, word);
      b = step(b, word ^ SECOND);
    }
    const levels = (confidence[number] ?? 0) | ((tlp[number] ?? 0) << 8);
    signatures[2 * number] = step(a, levels);
    signatures[2 * number + 1] = step(b, levels);
  }
  for (const [number, text] of detailTexts(table, wanted)) {
    const [a = 0, b = 0] = hashOf(text);
    signatures[2 * number] = step(signatures[2 * number] ?? 0, a);
    signatures[2 * number + 1] = step(signatures[2 * number + 1] ?? 0, b);
  }
  return signatures;
}

const SECOND = 0x9e37_79b9;

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x2c1b_3c6d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function hashOf(bytes: Uint8Array): [number, number] {
  let a = 0x811c_9dc5;
  let b = SECOND ^ bytes.length;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x0100_0193);
    b = Math.imul(b ^ byte, 0x85eb_ca6b);
    b ^= b >>> 13;
  }
  return [step(a, bytes.length), step(b, a)];
}

function withoutFeed(profile: DetailsProfile | undefined): Partial<DetailsProfile> {
  const { feed: _feed, ...shared }: Partial<DetailsProfile> = profile ?? {};
  return shared;
}
