/** What is shown of array selectors: the element that made them hold, and each element's part of the tree. */
import { describe, expect, it } from 'vitest';
import type { Predicate } from '../ir/predicate.ts';
import { evidenceOf, explain } from './rule-evidence.ts';

const ends = (name: string, text: string): Predicate => ({
  kind: 'compare',
  path: { kind: 'field', name },
  test: {
    kind: 'glob',
    parts: [{ wildcard: 'any' }, { text }],
    collation: 'folded',
    typing: 'bridged',
    normalize: 'none',
  },
  negate: false,
  absent: false,
  label: `${name}|endswith: ${text}`,
});
const some = (body: Predicate, quantifier: 'any' | 'none' | number = 'any'): Predicate => ({
  kind: 'elements',
  path: { kind: 'field', name: 'files' },
  quantifier,
  body,
});

describe('evidence of array selectors', () => {
  const fields = { files: [{ name: 'a.dll' }, { name: 'b.exe' }] };

  it('is the field of the element that holds, with its place', () => {
    expect(evidenceOf(some(ends('name', '.exe')), fields)).toEqual([
      { field: 'files[1].name', value: 'b.exe', item: 'name|endswith: .exe', how: 'endswith' },
    ]);
    expect(evidenceOf(some(ends('', '.exe'), -1), { files: ['x', 'y.exe'] })).toEqual([
      { field: 'files[-1]', value: 'y.exe', item: '|endswith: .exe', how: 'endswith' },
    ]);
    expect(evidenceOf(some(some(ends('', 'z'), 0)), { files: [{ files: ['z'] }] })).toMatchObject([
      { field: 'files[0].files[0]', value: 'z' },
    ]);
  });

  it('is the selector where no element holds', () => {
    expect(evidenceOf(some(ends('name', '.ps1'), 'none'), fields)).toEqual([
      { field: 'files', value: '', item: 'files[none]', how: 'elements' },
    ]);
    expect(evidenceOf(some(ends('name', '.ps1')), fields)).toEqual([]);
  });

  it('is explained element by element', () => {
    const { text, held, children } = explain(some(ends('name', '.exe')), fields);
    expect({ text, held }).toEqual({ text: 'files[any]', held: true });
    expect(children.map((child) => [child.text, child.held])).toEqual([
      ['[0] name|endswith: .exe', false],
      ['[1] name|endswith: .exe', true],
    ]);
  });
});

describe('a comparison with another field', () => {
  const same: Predicate = {
    kind: 'compare',
    path: { kind: 'field', name: 'user' },
    test: {
      kind: 'field-reference',
      relation: 'equals',
      other: { kind: 'field', name: 'target.user' },
      collation: 'folded',
    },
    negate: false,
    absent: false,
    label: 'user|fieldref: target.user',
  };

  it('is explained with what stands in both', () => {
    expect(explain(same, { user: 'alice', target: { user: 'bob' } })).toMatchObject({
      held: false,
      seen: ['alice'],
      other: { field: 'target.user', seen: ['bob'] },
    });
    const fromOf = (name: string): string | undefined => (name === 'target.user' ? 'the parent' : undefined);
    expect(explain(same, { user: 'alice' }, fromOf)).toEqual({
      ...{ text: 'user|fieldref: target.user', held: false, seen: ['alice'], children: [] },
      other: { field: 'target.user', from: 'the parent' },
    });
  });
});
