/** The rules of one kind of record: their literals in its values, then the formulas of those that were reached. */
import { beginFormulas, holds, holdsByParent } from './sieve-formula';
import {
  CERTAIN,
  DOUBTFUL_KEY,
  GROUP_ALWAYS,
  GROUP_ALWAYS_COUNT,
  GROUP_CODE,
  GROUP_KEYS,
  GROUP_KEYWORDS,
  GROUP_MATCHERS,
  GROUP_NUMBERS,
  GROUP_RAW,
  KIND_EMPTY,
  KIND_NUMBER,
  KIND_WILD,
  MATCHER_BYTES,
  OPEN_TO_PARENT,
  ORDER_GROUP,
  ORDER_WANTED,
  ORDER_WANTED_COUNT,
  SIEVE_EVALUATED,
  SIEVE_QUEUE,
  SIEVE_VALUES,
  SIEVE_WANTED,
} from './sieve-layout';
import { beginMatch, matchValue, queueEnd } from './sieve-match';
import { mayHoldRaw } from './sieve-raw';
import { hasUnits, recordEnd } from './sieve-structure';
import { NEVER, SURE } from './sieve-values';
import { order, valuesEnd } from './sieve-walk';

/** False when only decoding can tell. */
export function matchGroup(work: usize, group: usize, start: usize): bool {
  beginMatch(work, group);
  const keys = <usize>load<u32>(group, GROUP_KEYS);
  const matchers = <usize>load<u32>(group, GROUP_MATCHERS);
  const keywords = <usize>load<u32>(group, GROUP_KEYWORDS);
  const first = <usize>load<u32>(work, SIEVE_VALUES);
  // The values that somebody looks at; where keys come as they did, they are known.
  const wanted = order == 0 ? <usize>load<u32>(work, SIEVE_WANTED) : order + ORDER_WANTED;
  let wantedEnd = wanted;
  if (order != 0 && load<u32>(order, ORDER_GROUP) == <u32>group) wantedEnd += <usize>load<u32>(order, ORDER_WANTED_COUNT) << 2;
  else {
    // Without a branch for each of the others.
    for (let value = first; value < valuesEnd; value += 16) {
      store<u32>(wantedEnd, <u32>value);
      wantedEnd += <usize>(load<u16>(keys + (<usize>load<u32>(value) << 1)) != 0) << 2;
    }
    if (order != 0) {
      store<u32>(order, <u32>group, ORDER_GROUP);
      store<u32>(order, <u32>(wantedEnd - wanted) >>> 2, ORDER_WANTED_COUNT);
    }
  }
  for (let entry = wanted; entry < wantedEnd; entry += 4) {
    const value = <usize>load<u32>(entry);
    const key = <u32>load<u16>(keys + (<usize>load<u32>(value) << 1));
    const matcher = matchers + <usize>((key & ~DOUBTFUL_KEY) - 1) * MATCHER_BYTES;
    const kind = load<u32>(value, 12);
    const from = <usize>load<u32>(value, 4);
    // Nothing is certain then of the fields that the value may be of.
    if ((key & DOUBTFUL_KEY) != 0 || kind == KIND_WILD) matchValue(matcher, from, from, KIND_EMPTY);
    if (kind == KIND_WILD) continue;
    if (!matchValue(matcher, from, <usize>load<u32>(value, 8), kind)) return false;
  }
  if (keywords == 0) return true;
  const raw = <usize>load<u32>(group, GROUP_RAW);
  if (raw != 0 && !hasUnits && !mayHoldRaw(raw, start, recordEnd)) return true;
  for (let value = first; value < valuesEnd; value += 16) {
    const kind = load<u32>(value, 12);
    if (kind == KIND_WILD || kind == KIND_EMPTY) continue;
    if (!matchValue(keywords, <usize>load<u32>(value, 4), <usize>load<u32>(value, 8), kind)) return false;
  }
  return true;
}

/** Writes the numbers of the rules that may hold to `out`, those that hold for certain marked; returns how many. */
export function evaluateQueue(work: usize, group: usize, out: usize): u32 {
  beginFormulas(work, group);
  const code = <usize>load<u32>(group, GROUP_CODE);
  const numbers = <usize>load<u32>(group, GROUP_NUMBERS);
  let count: u32 = 0;
  const always = <usize>load<u32>(group, GROUP_ALWAYS);
  const alwaysEnd = always + (<usize>load<u32>(group, GROUP_ALWAYS_COUNT) << 2);
  for (let entry = always; entry < alwaysEnd; entry += 4) count = evaluateRule(load<u32>(entry), code, numbers, out, count);
  const queue = <usize>load<u32>(work, SIEVE_QUEUE);
  for (let entry = queue; entry < queueEnd; entry += 4) count = evaluateRule(load<u32>(entry), code, numbers, out, count);
  const evaluated = <u32>((alwaysEnd - always + queueEnd - queue) >> 2);
  store<u32>(work, load<u32>(work, SIEVE_EVALUATED) + evaluated, SIEVE_EVALUATED);
  return count;
}

// @ts-ignore: decorator
@inline
function evaluateRule(rule: u32, code: usize, numbers: usize, out: usize, count: u32): u32 {
  const formula = <usize>load<u32>(code + (<usize>rule << 2));
  const held = holds(formula);
  if (held == NEVER) return count;
  const number = load<u32>(numbers + (<usize>rule << 2));
  const mark = held == SURE ? CERTAIN : holdsByParent(formula) ? OPEN_TO_PARENT : 0;
  store<u32>(out + (<usize>count << 2), number | mark);
  return count + 1;
}
