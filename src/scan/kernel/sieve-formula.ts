/**
 * Formulas over what was found in one record, in three values: two bits, "may hold" and "holds for certain". What only decoding can
 * tell may hold and is not certain, so a negation of it may hold as well.
 */
import {
  GROUP_AUTOMATA,
  GROUP_LITERALS,
  NO_AUTOMATON,
  OP_AND,
  OP_AUTOMATON,
  OP_CONSTANT,
  OP_EXACT,
  OP_LENGTH,
  OP_MAYBE,
  OP_NETWORK,
  OP_NOT,
  OP_NULL,
  OP_OR,
  OP_PARENT,
  OP_PRESENT,
  OP_SAME,
  OP_SEARCH,
  OP_SEARCH_MAYBE,
  SIEVE_ATOMS,
  SIEVE_SLOTS,
  SIEVE_STAMP,
  SLOT_BYTES,
} from './sieve-layout';
import { automatonAccepts, beginValues, isAddressOf, MAYBE, NEVER, sameText, searchText, SURE } from './sieve-values';

/** Slot state: the stamp, then the number of values, and whether one of them was null. */
export const SLOT_NULL: u32 = 0x10000;
const SLOT_COUNT: u32 = 0xffff;

let code: usize = 0;
let atoms: usize = 0;
let slots: usize = 0;
let literals: usize = 0;
let automata: usize = 0;
let stamp: u32 = 0;
/** Cell of an automaton that a formula asked for and nobody has made, or 0. */
export let missingAutomaton: usize = 0;

export function beginFormulas(work: usize, group: usize): void {
  atoms = <usize>load<u32>(work, SIEVE_ATOMS);
  slots = <usize>load<u32>(work, SIEVE_SLOTS);
  stamp = load<u32>(work, SIEVE_STAMP);
  literals = <usize>load<u32>(group, GROUP_LITERALS);
  automata = <usize>load<u32>(group, GROUP_AUTOMATA);
  missingAutomaton = 0;
  beginValues(work);
}

/** What comparisons of the parent come to; whether there was one. */
let parents: u32 = MAYBE;
let asksParent: bool = false;

/** NEVER, MAYBE or SURE: whether the formula at `address` holds. */
export function holds(address: usize): u32 {
  code = address;
  asksParent = false;
  return evaluate();
}

/** Whether the formula, which may hold and was evaluated last, can hold only by a comparison of the parent. */
export function holdsByParent(address: usize): bool {
  if (!asksParent) return false;
  parents = NEVER;
  code = address;
  const held = evaluate();
  parents = MAYBE;
  return held == NEVER;
}

// @ts-ignore: decorator
@inline
function slotAt(index: u32): usize {
  return slots + <usize>index * SLOT_BYTES;
}

/** No value, one, or several: only one can be looked at alone. */
// @ts-ignore: decorator
@inline
function countOf(slot: usize): u32 {
  return load<u32>(slot) == stamp ? load<u32>(slot, 4) & SLOT_COUNT : 0;
}

function evaluate(): u32 {
  const word = load<u32>(code);
  const operation = word & 15;
  const operand = word >>> 4;
  if (operation == OP_EXACT) {
    const slot = slotAt(load<u32>(code, 4));
    code += 8;
    if (load<u32>(atoms + (<usize>operand << 2)) != stamp) return NEVER;
    return (load<u32>(slot, 4) & SLOT_COUNT) == 1 ? SURE : MAYBE;
  }
  if (operation == OP_AND) return evaluateAnd(operand);
  if (operation == OP_OR) return evaluateOr(operand);
  code += 4;
  if (operation == OP_MAYBE) return load<u32>(atoms + (<usize>operand << 2)) == stamp ? MAYBE : NEVER;
  if (operation == OP_NOT) {
    const inner = evaluate();
    return ((~inner & 1) << 1) | ((~inner >>> 1) & 1);
  }
  if (operation == OP_CONSTANT) return operand;
  if (operation == OP_PARENT) {
    asksParent = true;
    return parents;
  }
  if (operation == OP_PRESENT) return load<u32>(slotAt(operand)) == stamp ? MAYBE : NEVER;
  if (operation == OP_NULL) return evaluateNull(slotAt(operand));
  return evaluateText(operation, operand);
}

function evaluateNull(slot: usize): u32 {
  if (load<u32>(slot) != stamp) return SURE;
  const state = load<u32>(slot, 4);
  if ((state & SLOT_NULL) == 0) return NEVER;
  return (state & SLOT_COUNT) == 1 ? SURE : MAYBE;
}

/** Operations on the text of one slot. */
function evaluateText(operation: u32, operand: u32): u32 {
  const second = load<u32>(code);
  const bySlot = operation == OP_LENGTH || operation == OP_SAME || operation == OP_NETWORK;
  const slot = slotAt(bySlot ? operand : second);
  const rest = code + (operation == OP_NETWORK ? 0 : 4);
  code = operation == OP_NETWORK ? code + 24 : rest;
  const count = countOf(slot);
  if (count == 0) return NEVER;
  if (count > 1) return MAYBE;
  if (operation == OP_LENGTH) return load<u32>(slot, 12) - load<u32>(slot, 8) >= second ? SURE : NEVER;
  if (operation == OP_SEARCH || operation == OP_SEARCH_MAYBE) {
    const held = searchText(slot, <usize>load<u32>(literals + (<usize>operand << 2)));
    return operation == OP_SEARCH ? held : held & MAYBE;
  }
  if (operation == OP_AUTOMATON) return runAutomaton(slot, <usize>load<u32>(automata + (<usize>operand << 2)));
  if (operation == OP_NETWORK) return isAddressOf(slot, rest);
  const other = slotAt(second);
  const others = countOf(other);
  return others == 0 ? NEVER : others > 1 ? MAYBE : sameText(slot, other);
}

function runAutomaton(slot: usize, cell: usize): u32 {
  const automaton = load<u32>(cell);
  if (automaton > NO_AUTOMATON) return automatonAccepts(slot, <usize>automaton);
  if (automaton != NO_AUTOMATON) missingAutomaton = cell;
  return MAYBE;
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
