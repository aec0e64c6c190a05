/**
 * Formulas over what was found in one record, in three values: two bits, "may hold" and "holds for certain". What only decoding can
 * tell may hold and is not certain, so a negation of it may hold as well.
 */
import { OP_AND, OP_CONSTANT, OP_EXACT, OP_MAYBE, OP_NOT, OP_NULL, OP_OR, OP_PRESENT } from './sieve-layout';

/** Slot state: the stamp, then the number of values, and whether one of them was null. */
export const SLOT_NULL: u32 = 0x10000;
const SLOT_COUNT: u32 = 0xffff;
const NEVER: u32 = 0;
const MAYBE: u32 = 1;
const SURE: u32 = 3;

let code: usize = 0;
let atoms: usize = 0;
let slots: usize = 0;
let stamp: u32 = 0;

export function setFormulaState(atomStamps: usize, slotStates: usize, current: u32): void {
  atoms = atomStamps;
  slots = slotStates;
  stamp = current;
}

/** True when the formula at `address` may hold. */
export function mayHold(address: usize): bool {
  code = address;
  return (evaluate() & 1) != 0;
}

function evaluate(): u32 {
  const word = load<u32>(code);
  const operation = word & 15;
  if (operation == OP_EXACT) {
    const atom = word >>> 4;
    const slot = slots + (<usize>load<u32>(code, 4) << 3);
    code += 8;
    if (load<u32>(atoms + (<usize>atom << 2)) != stamp) return NEVER;
    return (load<u32>(slot, 4) & SLOT_COUNT) == 1 ? SURE : MAYBE;
  }
  if (operation == OP_AND) return evaluateAnd(word >>> 4);
  if (operation == OP_OR) return evaluateOr(word >>> 4);
  code += 4;
  const operand = word >>> 4;
  if (operation == OP_MAYBE) return load<u32>(atoms + (<usize>operand << 2)) == stamp ? MAYBE : NEVER;
  if (operation == OP_NOT) {
    const inner = evaluate();
    return ((~inner & 1) << 1) | ((~inner >>> 1) & 1);
  }
  if (operation == OP_CONSTANT) return operand;
  const slot = slots + (<usize>operand << 3);
  if (operation == OP_PRESENT) return load<u32>(slot) == stamp ? MAYBE : NEVER;
  // OP_NULL
  if (load<u32>(slot) != stamp) return SURE;
  const state = load<u32>(slot, 4);
  if ((state & SLOT_NULL) == 0) return NEVER;
  return (state & SLOT_COUNT) == 1 ? SURE : MAYBE;
}

function evaluateAnd(words: u32): u32 {
  const end = code + 4 + (<usize>words << 2);
  let result = SURE;
  code += 4;
  while (code < end) {
    result &= evaluate();
    if (result == NEVER) code = end;
  }
  return result;
}

function evaluateOr(words: u32): u32 {
  const end = code + 4 + (<usize>words << 2);
  let result = NEVER;
  code += 4;
  while (code < end) {
    result |= evaluate();
    if (result == SURE) code = end;
  }
  return result;
}
