import { describe, expect, it } from 'vitest';
import { and, FALSE, not, or, TRUE } from '../ir/build.ts';
import type { Predicate, Test } from '../ir/predicate.ts';
import type { ValueOrigin } from '../ir/value-origin.ts';
import { type WitnessClause, witnessClause } from './object-witness.ts';

const ORIGINS: Readonly<Record<string, ValueOrigin>> = {
  v: 'verbatim',
  h: 'host',
  u: 'url',
  r: 'registry-key',
  d: 'derived',
};

function compare(key: string, test: Test, negate = false): Predicate {
  return {
    kind: 'compare',
    path: { kind: 'object', steps: [{ kind: 'key', name: key }] },
    test,
    negate,
    absent: false,
  };
}

function is(key: string, value: string, negate = false): Predicate {
  return compare(
    key,
    { kind: 'equals', value: { type: 'string', value }, collation: 'exact', typing: 'strict' },
    negate,
  );
}

function clause(body: Predicate): WitnessClause {
  return witnessClause(
    { kind: 'bind', type: 't', body },
    (_, [key = '']) => new Set(key in ORIGINS ? [ORIGINS[key] as ValueOrigin] : []),
  );
}

describe('object witnesses', () => {
  it('are the longest plain run of a value', () => {
    expect(clause(is('v', 'C:\\Windows\\System32\\cmd.exe /c'))).toEqual(['system32']);
    expect(clause(is('v', 'a b'))).toBeUndefined();
    expect(clause(is('v', '20240101'))).toBeUndefined();
    expect(clause(is('r', 'HKEY_LOCAL_MACHINE\\Run'))).toEqual(['run']);
    const piece: Test = {
      kind: 'glob',
      parts: [{ wildcard: 'any' }, { text: 'EY_LOCAL_MACH' }],
      collation: 'exact',
      typing: 'strict',
      normalize: 'nfc',
    };
    expect(clause(compare('r', piece))).toBeUndefined();
  });

  it('know the other spellings of addresses and names', () => {
    expect(clause(is('h', '192.0.2.1'))).toEqual(['192.0.2.1', 'ffff']);
    expect(clause(is('h', '2001:db8::1'))).toBeUndefined();
    expect(clause(is('h', 'xn--e1aybc.example'))).toEqual(['.example']);
    expect(clause(is('u', 'https://evil.example/a%41b'))).toEqual(['evil.example']);
  });

  it('take the best of a conjunction and all of a disjunction', () => {
    expect(clause(and([is('v', 'abc'), is('v', 'abcdef'), is('d', 'zzzzzzzzz')]))).toEqual(['abcdef']);
    expect(clause(or([is('v', 'abc'), is('v', 'def')]))).toEqual(['abc', 'def']);
    expect(clause(or([is('v', 'abc'), is('d', 'def')]))).toBeUndefined();
  });

  it('are not given by negation, order or computed values', () => {
    expect(clause(is('v', 'abcdef', true))).toBeUndefined();
    expect(clause(not(is('v', 'abcdef')))).toBeUndefined();
    expect(clause(compare('v', { kind: 'exists' }))).toBeUndefined();
    expect(clause(TRUE)).toBeUndefined();
  });

  it('are empty for what no mapping fills, which drops out of a disjunction', () => {
    expect(clause(is('x', 'abcdef'))).toEqual([]);
    expect(clause(is('x', 'abcdef', true))).toEqual([]);
    expect(clause(or([is('x', 'abcdef'), is('v', 'ghi')]))).toEqual(['ghi']);
    expect(clause(FALSE)).toEqual([]);
  });
});
