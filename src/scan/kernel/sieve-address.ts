/** IP addresses in texts, as far as they are written plainly: dotted quads, and groups of hexadecimal digits. */

export const NO_ADDRESS: u32 = 0;
/** Brackets, zones, networks, and what only looks like an address: to be read by the exact path. */
export const UNKNOWN_ADDRESS: u32 = 255;

let word0: u32 = 0;
let word1: u32 = 0;
let word2: u32 = 0;
let word3: u32 = 0;
let quad: u32 = 0;

/** 4 or 6 for an address, which `isWithin` asks about; mapped IPv4 is IPv4. */
export function readAddress(text: usize, length: usize): u32 {
  let colons: u32 = 0;
  for (let i: usize = 0; i < length; i++) {
    const c: u32 = load<u8>(text + i);
    if (c == 0x3a) colons++;
    else if (c == 0x5b || c == 0x25 || c == 0x2f) return UNKNOWN_ADDRESS;
  }
  if (colons == 0) {
    if (!readQuad(text, text + length)) return NO_ADDRESS;
    word0 = quad;
    return 4;
  }
  return length > 45 ? UNKNOWN_ADDRESS : readGroups(text, text + length);
}

/** Whether the address read last lies in the network: family, bits, four words. */
export function isWithin(family: u32, network: usize): bool {
  if (load<u32>(network) != family) return false;
  const bits = load<i32>(network, 4);
  return (
    ((word0 ^ load<u32>(network, 8)) & maskOf(bits)) == 0 &&
    (family == 4 ||
      (((word1 ^ load<u32>(network, 12)) & maskOf(bits - 32)) |
        ((word2 ^ load<u32>(network, 16)) & maskOf(bits - 64)) |
        ((word3 ^ load<u32>(network, 20)) & maskOf(bits - 96))) ==
        0)
  );
}

function maskOf(bits: i32): u32 {
  if (bits <= 0) return 0;
  return bits >= 32 ? ~(<u32>0) : ~(<u32>0) << (32 - <u32>bits);
}

/** Four numbers up to 255 without leading zeros. */
function readQuad(from: usize, end: usize): bool {
  let part: u32 = 0;
  let digits: u32 = 0;
  let dots: u32 = 0;
  quad = 0;
  for (let at = from; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x2e) {
      if (digits == 0 || ++dots > 3) return false;
      quad = (quad << 8) | part;
      part = 0;
      digits = 0;
    } else {
      if (c - 0x30 >= 10 || (digits != 0 && part == 0)) return false;
      part = part * 10 + (c - 0x30);
      if (part > 255) return false;
      digits++;
    }
  }
  quad = (quad << 8) | part;
  return dots == 3 && digits != 0;
}

/** Groups before and behind `::` are gathered apart; each as the last 128 bits of what was read. */
function readGroups(from: usize, end: usize): u32 {
  let high: u64 = 0;
  let low: u64 = 0;
  let headHigh: u64 = 0;
  let headLow: u64 = 0;
  let head: u32 = 0;
  let count: u32 = 0;
  let isOpen = false;
  let at = from;
  while (at < end) {
    if (load<u8>(at) == 0x3a && at + 1 < end && load<u8>(at, 1) == 0x3a) {
      if (isOpen) return UNKNOWN_ADDRESS;
      isOpen = true;
      headHigh = high;
      headLow = low;
      head = count;
      high = 0;
      low = 0;
      at += 2;
      continue;
    }
    if (at > from && load<u8>(at) == 0x3a && load<u8>(at - 1) != 0x3a) at++;
    const start = at;
    let value: u64 = 0;
    while (at < end) {
      const c: u32 = load<u8>(at);
      const letter = c - 0x61;
      if (c - 0x30 >= 10 && letter >= 6) break;
      value = (value << 4) | <u64>(c - 0x30 < 10 ? c - 0x30 : letter + 10);
      at++;
    }
    if (at < end && load<u8>(at) == 0x2e) {
      if (!readQuad(start, end)) return UNKNOWN_ADDRESS;
      high = (high << 32) | (low >>> 32);
      low = (low << 32) | <u64>quad;
      count += 2;
      at = end;
      break;
    }
    if (at == start || at - start > 4 || (at < end && load<u8>(at) != 0x3a)) return UNKNOWN_ADDRESS;
    high = (high << 16) | (low >>> 48);
    low = (low << 16) | value;
    count++;
  }
  if (isOpen ? count > 7 : count != 8) return UNKNOWN_ADDRESS;
  if (isOpen && head != 0) {
    // The groups before `::` stand at the upper end.
    const shift = <u64>(8 - head) << 4;
    if (shift >= 64) {
      high |= headLow << (shift - 64);
    } else {
      high |= (headHigh << shift) | (headLow >>> (64 - shift));
      low |= headLow << shift;
    }
  }
  if (load<u8>(end - 1) == 0x3a && load<u8>(end - 2) != 0x3a) return UNKNOWN_ADDRESS;
  word0 = <u32>(high >>> 32);
  word1 = <u32>high;
  word2 = <u32>(low >>> 32);
  word3 = <u32>low;
  if (word0 != 0 || word1 != 0 || word2 != 0xffff) return 6;
  word0 = word3;
  return 4;
}
