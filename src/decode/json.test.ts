import { describe, expect, it } from 'vitest';
import { withExactIntegers } from '../core/exact-integers.ts';
import { jsonDecoder } from './json.ts';

const decode = (text: string, maxDepth = 64) => {
  const bytes = Buffer.from(text);
  return jsonDecoder.decode(bytes, 0, bytes.length, { maxDepth });
};

describe('JSON records', () => {
  it('unwraps arrays and Records, and nothing else', () => {
    expect(decode('[{"a":1},[{"b":2}],3]').events).toEqual([{ a: 1 }, { b: 2 }, { message: 3 }]);
    expect(decode('{"Records":[{"a":1},{"a":2}]}').events).toEqual([{ a: 1 }, { a: 2 }]);
    expect(decode('{"Records":[1],"other":2}').events).toEqual([{ Records: [1], other: 2 }]);
  });

  it('keeps integers beyond 2^53 as the text of their digits, and nothing else', () => {
    const record =
      '{"big":9007199254740993,"least":-18446744073709551616,"in":["18446744073709551615 \\" 9007199254740993",[9007199254740995]],' +
      '"huge":1e999,"safe":9007199254740991,"float":9.007199254740993e15,"tenth":12345678901234567.5}';
    expect(decode(record).events).toEqual([
      {
        big: '9007199254740993',
        least: '-18446744073709551616',
        in: ['18446744073709551615 " 9007199254740993', ['9007199254740995']],
        huge: '1e999',
        safe: 9007199254740991,
        float: 9.007199254740992e15,
        tenth: 12345678901234568,
      },
    ]);
  });

  it.each([
    '{"Keywords":-9223372036854775808,"a":"x"}',
    '{"a":"\\"Keywords\\": 1","Keywords": -9223372036854775808}',
    '{"K":9007199254740993,"\\u004b":5}',
    '{"K":5,"K":9007199254740993}',
    '{"\\u004b":9007199254740993,"n":{"K":9007199254740992}}',
    '{"n":{"K":1},"K":9007199254740993}',
    '{"n":["K"],"K" : 9007199254740993}',
    '{"n":"K","K":9007199254740993}',
    '{"__proto__":9007199254740993,"a":1}',
    '{"7":9007199254740993}',
    '{"K":12345678901234567.5,"a":1e999}',
    '{"K":1e20}',
  ])('finds the digits of one such number as it does those of many: %s', (record) => {
    const [event] = decode(record).events;
    const expected = JSON.parse(withExactIntegers(record)) as object;
    expect(event).toEqual(expected);
    expect(Object.keys(event ?? {})).toEqual(Object.keys(expected));
  });

  it('keeps hostile keys as plain data', () => {
    const [event] = decode('{"__proto__":{"polluted":true},"constructor":1}').events;
    expect(Object.keys(event ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('takes broken and too deep records as text, and says so', () => {
    expect(decode('{"a":')).toEqual({ events: [{ message: '{"a":' }], problem: 'DATA_BAD_JSON' });
    const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
    expect(decode(deep)).toEqual({ events: [{ message: deep }], problem: 'DATA_TOO_DEEP' });
  });

  it('survives nesting that would exhaust a recursive reader', () => {
    expect(decode(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`).problem).toBeDefined();
  });

  it('skips a byte order mark and replaces invalid UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from('{"a":"x'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect(jsonDecoder.recognises(bytes, 0, bytes.length)).toBe(true);
    expect(jsonDecoder.decode(bytes, 0, bytes.length, { maxDepth: 8 }).events).toEqual([{ a: 'x\ufffd' }]);
  });
});
