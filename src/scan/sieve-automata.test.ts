import { expect, test } from 'vitest';
import { ScanMemory } from './scan-memory.ts';
import { type LazyAutomaton, type SieveAutomaton, SieveAutomata } from './sieve-automata.ts';
import { NO_AUTOMATON } from './sieve-memory.ts';

const TABLE: SieveAutomaton = {
  isExact: false,
  classes: new Uint8Array(128),
  classCount: 1,
  next: Uint16Array.of(0, 1),
};

function lazy(table: SieveAutomaton | undefined): LazyAutomaton & { reads: number } {
  return {
    reads: 0,
    get table() {
      this.reads++;
      return table;
    },
  };
}

test('an automaton is made when it is asked for, once for all groups', () => {
  const memory = new ScanMemory();
  const automata = new SieveAutomata(memory);
  const [some, none] = [lazy(TABLE), lazy(undefined)];
  const cell = automata.cellOf(some);
  const at = (address: number): number => new Uint32Array(memory.memory.buffer, address, 1)[0] ?? 0;
  expect(automata.cellOf(some)).toBe(cell);
  expect([at(cell), some.reads]).toEqual([0, 0]);
  automata.make(cell);
  expect(at(at(cell))).toBe(TABLE.classCount);
  expect(some.reads).toBe(1);
  automata.make(automata.cellOf(none));
  expect(at(automata.cellOf(none))).toBe(NO_AUTOMATON);
});
