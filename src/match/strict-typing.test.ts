import { describe, expect, it } from 'vitest';
import type { EventValue } from '../core/event.ts';
import type { Literal, OrderOperator, Test } from '../ir/predicate.ts';
import type { MatchValue } from './object-path.ts';
import { compareCodePoints } from './strict-typing.ts';
import { eventSubject, type Subject } from './subject.ts';
import { satisfies } from './value-test.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const is = (literal: Literal, value: MatchValue, subject: Subject = eventSubject({})): boolean =>
  satisfies({ kind: 'equals', value: literal, collation: 'exact', typing: 'strict' }, value, subject);
const ordered = (operator: OrderOperator, literal: Literal, value: MatchValue): boolean =>
  satisfies({ kind: 'order', operator, value: literal, typing: 'strict' }, value, eventSubject({}));

describe('strict typing', () => {
  it('keeps text, numbers and booleans apart', () => {
    expect(is({ type: 'number', value: 5 }, 5)).toBe(true);
    expect(is({ type: 'number', value: 5 }, '5')).toBe(false);
    expect(is({ type: 'string', value: '5' }, 5)).toBe(false);
    expect(is({ type: 'boolean', value: true }, 1)).toBe(false);
    expect(is({ type: 'number', value: 1 }, true)).toBe(false);
    expect(is({ type: 'boolean', value: true }, 'true')).toBe(false);
    expect(is({ type: 'boolean', value: false }, false)).toBe(true);
  });

  it('finds null, objects and lists equal to nothing', () => {
    for (const value of [null, {}, [], ['a']] satisfies EventValue[]) {
      expect(is({ type: 'string', value: 'a' }, value)).toBe(false);
      expect(ordered('gte', { type: 'string', value: '' }, value)).toBe(false);
      expect(ordered('lt', { type: 'number', value: 9 }, value)).toBe(false);
    }
  });

  it('compares octets with text below U+0100 in both directions, and with nothing above', () => {
    expect(is({ type: 'bytes', hex: '616c' }, 'al')).toBe(true);
    expect(is({ type: 'string', value: 'al' }, octets('al'))).toBe(true);
    expect(is({ type: 'string', value: 'ÿ' }, Uint8Array.of(0xff))).toBe(true);
    expect(is({ type: 'bytes', hex: '616c' }, 'ăl')).toBe(false);
    expect(ordered('lt', { type: 'string', value: 'ă' }, octets('a'))).toBe(false);
    expect(ordered('gte', { type: 'string', value: 'ă' }, octets('a'))).toBe(false);
    expect(ordered('gt', { type: 'bytes', hex: 'ff' }, Uint8Array.of(0xff, 0))).toBe(true);
  });

  it('orders text by code point and not by UTF-16 unit', () => {
    expect(compareCodePoints('\u{10000}', '\uffff')).toBeGreaterThan(0);
    expect(compareCodePoints('\ue000', '\u{1f600}')).toBeLessThan(0);
    expect(compareCodePoints('a', 'ab')).toBeLessThan(0);
    expect(compareCodePoints('\u{1f600}', '\u{1f601}')).toBeLessThan(0);
  });

  it('compares timestamps by instant to the nanosecond and reports text that is none', () => {
    const half: Literal = { type: 'timestamp', epochNs: '500000000' };
    const seen: string[] = [];
    const subject = { ...eventSubject({}), onMismatch: (reason: string) => seen.push(reason) };
    expect(is(half, '1970-01-01T00:00:00.5Z', subject)).toBe(true);
    expect(is(half, '1970-01-01T00:00:00.500000000Z', subject)).toBe(true);
    expect(is(half, '1970-01-01T00:00:00.500000001Z', subject)).toBe(false);
    expect(seen).toEqual([]);
    expect(is(half, '1970-01-01t00:00:00.5Z', subject)).toBe(false);
    expect(seen).toEqual(['not a timestamp']);
  });

  it('runs expressions over octets only when they speak of octets', () => {
    const regex = (source: string): Test => ({
      kind: 'regex',
      source,
      flags: { ignoreCase: false, multiline: false, dotAll: true },
      typing: 'strict',
      normalize: 'nfc',
    });
    expect(satisfies(regex('^\\x89PNG'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47), eventSubject({}))).toBe(true);
    expect(satisfies(regex('ă|.'), octets('a'), eventSubject({}))).toBe(false);
    expect(satisfies(regex('5'), 5, eventSubject({}))).toBe(false);
  });
});
