import { describe, expect, it } from 'vitest';
import { LiteralIndex } from './literal-index.ts';
import type { AtomRelation } from './rule-atoms.ts';

function found(literals: readonly (readonly [AtomRelation, string])[], text: string): number[] {
  const index = new LiteralIndex();
  for (const [owner, [relation, literal]] of literals.entries()) index.add(relation, literal, owner);
  index.finish();
  const owners = new Set<number>();
  index.find(text, (owner) => owners.add(owner));
  return [...owners].sort((a, b) => a - b);
}

/** Enough free literals that they are looked up by pieces. */
const MANY: readonly (readonly [AtomRelation, string])[] = [
  'mimikatz',
  'powershell',
  'abcdefg',
  'wxyz',
  'rundll32',
  'ab',
  'ärger-wort',
  '.\\x',
].map((text) => ['contains', text] as const);

describe('literals', () => {
  it('are found whatever the letter case and position', () => {
    expect(found(MANY, 'run MIMIKATZ now')).toEqual([0]);
    for (let pad = 0; pad < 9; pad++) {
      expect(found(MANY, `${'-'.repeat(pad)}PowerShell`)).toEqual([1]);
      expect(found(MANY, `${'-'.repeat(pad)}WXYz${'-'.repeat(pad)}`)).toEqual([3]);
    }
    expect(found(MANY, 'ÄRGER-WORT')).toEqual([6]);
    expect(found(MANY, 'C:.\\X')).toEqual([7]);
  });

  it('are bound to the whole, the start and the end', () => {
    const bound: readonly (readonly [AtomRelation, string])[] = [
      ['equals', 'cmd.exe'],
      ['starts', 'cmd'],
      ['starts', 'cmd.e'],
      ['ends', '.exe'],
      ['ends', 'e'],
    ];
    expect(found(bound, 'CMD.EXE')).toEqual([0, 1, 2, 3, 4]);
    expect(found(bound, 'a\\cmd.exe')).toEqual([3, 4]);
    expect(found(bound, 'cmd.com')).toEqual([1]);
  });

  it('are found across the pieces of a very long text', () => {
    for (const at of [0, 1, 31_740, 31_744, 32_760, 32_766, 32_768, 40_000, 65_530, 99_990])
      expect(found(MANY, `${'.'.repeat(at)}rundll32${'.'.repeat(100_000 - at)}`), `at ${at}`).toEqual([4]);
  });

  it('beyond U+00FF are no byte of another letter', () => expect(found(MANY, '\u6d69\u6d69mimi\u6b61tz')).toEqual([]));
});
