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
  it('are the rarest plain run of a value', () => {
    expect(clause(is('v', 'C:\\Windows\\System32\\cmd.exe /c'))).toEqual(['cmd.exe']);
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
    expect(clause(is('h', '192.0.2.1'))).toEqual(['192.0.2.1']);
    expect(clause(is('h', '2001:db8::1'))).toBeUndefined();
    expect(clause(is('h', 'xn--e1aybc.example'))).toEqual(['.example']);
    expect(clause(is('u', 'https://evil.example/a%41b'))).toEqual(['evil.example']);
  });

  it('are read out of expressions and wildcards', () => {
    const regex = (source: string): Test => ({
      ...{ kind: 'regex', source, typing: 'strict', normalize: 'nfc' },
      flags: { ignoreCase: false, multiline: false, dotAll: true },
    });
    const like = (...texts: readonly string[]): Test => ({
      ...{ kind: 'glob', collation: 'exact', typing: 'strict', normalize: 'nfc' },
      parts: texts.flatMap((text) => [{ wildcard: 'any' as const }, { text }]),
    });
    expect(clause(compare('v', regex('^a.*(invoke)-(mimi|kiwi)[0-9]+')))).toEqual(['invoke']);
    expect(clause(compare('v', regex('assassin|b')))).toBeUndefined();
    expect(clause(compare('v', regex('(?i)sky[x]horns')))).toEqual(['horns']);
    expect(clause(compare('d', regex('invoice')))).toBeUndefined();
    expect(clause(compare('h', regex('^[a-z]{8}\\.wounded\\.test$')))).toEqual(['.wounded.test']);
    expect(clause(compare('h', like('dead')))).toBeUndefined();
    expect(clause(compare('h', like('xn--e1aybc', '.example')))).toEqual(['.example']);
    expect(clause(compare('u', like('/gate.php?id=')))).toEqual(['gate.php']);
    expect(clause(compare('u', like('feeder.php')))).toEqual(['eder.php']);
    expect(clause(compare('u', like('ab', 'cd')))).toBeUndefined();
    expect(clause(compare('u', regex('^https?://[^/]+/wolf/[a-z]{3,}\\.(php|aspx)$')))).toEqual(['wolf']);
    expect(clause(compare('u', regex('%C3%A9wolf')))).toEqual(['wolf']);
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
