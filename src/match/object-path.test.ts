import { describe, expect, it } from 'vitest';
import type { EventObject } from '../core/event.ts';
import type { ObjectStep } from '../ir/predicate.ts';
import { objectValues } from './object-path.ts';
import type { ObservedObject, Subject } from './subject.ts';

const OBJECTS: Readonly<Record<string, EventObject>> = {
  a: { type: 't', b_ref: 'b', gone_ref: 'z', b_refs: ['z', 'b', 'a'], m_hex: 'ffD8', p_bin: 'aGk=', bad_hex: 'abc' },
  b: { type: 't', name: 'bee', list: [1, [2], null], a_refs: ['a', 'a'] },
};

function select(...steps: (string | number | '*')[]): readonly unknown[] {
  const mismatches: string[] = [];
  const subject: Subject = {
    fields: {},
    objects: () => [],
    resolve: (id) => object(id),
    onMismatch: (reason) => mismatches.push(reason),
  };
  const path = steps.map((step): ObjectStep => {
    if (step === '*') return { kind: 'any' };
    return typeof step === 'number' ? { kind: 'index', index: step } : { kind: 'key', name: step };
  });
  return [...objectValues(object('a') as ObservedObject, { kind: 'object', steps: path }, subject), ...mismatches];
}

function object(id: string): ObservedObject | undefined {
  const properties = OBJECTS[id];
  return properties === undefined ? undefined : { id, type: 't', properties };
}

describe('object paths', () => {
  it('follow references inside the observation and drop what is not there', () => {
    expect(select('b_ref', 'name')).toEqual(['bee']);
    expect(select('gone_ref')).toEqual([]);
    expect(select('gone_ref', 'name')).toEqual([]);
    expect(select('b_refs', 0, 'name')).toEqual(['bee']);
    expect(select('b_refs', 2)).toEqual([]);
  });

  it('index and spread lists only', () => {
    expect(select('b_ref', 'list', '*')).toEqual([1, [2], null]);
    expect(select('b_ref', 'list', 1, 0)).toEqual([2]);
    expect(select('b_ref', 'list', -1)).toEqual([]);
    expect(select('b_ref', '*')).toEqual([]);
    expect(select('b_ref', 'name', '*')).toEqual([]);
  });

  it('decode below names that end in _hex and _bin', () => {
    expect(select('m_hex')).toEqual([Buffer.from([0xff, 0xd8])]);
    expect(select('p_bin')).toEqual([Buffer.from('hi')]);
    expect(select('bad_hex')).toEqual([null, 'not hex text']);
  });

  it('stop growing over reference cycles and say so', () => {
    const hops = Array.from({ length: 20 }, () => ['b_ref', 'a_refs', '*']).flat();
    const values = select(...hops, 'type');
    expect(values.length).toBeLessThanOrEqual(10_020);
    expect(values).toContain('path selects too many values');
  });
});
