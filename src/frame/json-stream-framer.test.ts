import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { frameAll } from './frame-all.ts';
import { MAX_NESTING } from './json-nesting.ts';
import { JsonStreamFramer } from './json-stream-framer.ts';

function frame(text: string | Uint8Array, maxRecordBytes = 1 << 20): string[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return frameAll(new JsonStreamFramer({ maxRecordBytes }), [bytes]).records.map((r) =>
    Buffer.from(r.bytes).toString(),
  );
}

describe('JsonStreamFramer', () => {
  it.each([
    ['lines', '{"a":1}\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']],
    ['objects back to back', '{"a":1}{"b":2} {"c":3}', ['{"a":1}', '{"b":2}', '{"c":3}']],
    ['objects with NUL between', '{"a":1}\0{"b":2}\0', ['{"a":1}', '{"b":2}']],
    ['JSON text sequences', '\x1e{"a":1}\n\x1e{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['a pretty-printed object', '\n{\n  "a": [\n    1\n  ]\n}\n', ['{\n  "a": [\n    1\n  ]\n}']],
    [
      'a top-level array',
      ' [ {"a":1},\n{"b":[{}]} , 5, null, "x,]" ]\n',
      ['{"a":1}', '{"b":[{}]}', '5', 'null', '"x,]"'],
    ],
    ['nested arrays', '[[1],[2,[3]]]', ['[1]', '[2,[3]]']],
    ['arrays one after another', '[{"a":1}][{"b":2}]\n[]\n[{"c":3}]', ['{"a":1}', '{"b":2}', '{"c":3}']],
    ['Records of a wrapper', '{"Records":[{"a":1},{"b":{"Records":[{}]}}]}', ['{"a":1}', '{"b":{"Records":[{}]}}']],
    ['records in lower case', '{ "records" : [ {"a":1} ] }', ['{"a":1}']],
    ['brackets and quotes in strings', '{"a":"}]\\"{\\\\"}{"b":"\\u007d"}', ['{"a":"}]\\"{\\\\"}', '{"b":"\\u007d"}']],
    ['a byte order mark', '\ufeff{"a":1}', ['{"a":1}']],
    ['full-width text that begins like a byte order mark', '\uff21\uff22', ['\uff21\uff22']],
    ['text lines', 'one\n  two \r\n\n5\n"s"', ['one', 'two ', '5', '"s"']],
    [
      'text that begins with a bracket',
      '[Sun Dec 04] [error] x\n[7] y\n[[z]] w',
      ['[Sun Dec 04] [error] x', '[7] y', '[[z]] w'],
    ],
    ['text that begins with a brace', '{curly} x\n{}\n', ['{curly} x', '{}']],
    ['text behind an object', '{"a":1} tail, 2\n{"b":2}', ['{"a":1}', 'tail, 2', '{"b":2}']],
    ['a Records member that holds no objects', '{"Records":["x"],"a":1}', ['{"Records":["x"],"a":1}']],
    ['an empty wrapper', '{"Records":[]}', ['{"Records":[]}']],
  ])('frames %s', (_name, text, expected) => {
    expect(frame(text)).toEqual(expected);
  });

  it('keeps the other members of a wrapper as a record of their own, behind the elements', () => {
    expect(frame('{"v":"1","Records":[{"a":1},{"b":2}],"next":{"x":[]}}{"c":3}')).toEqual([
      '{"a":1}',
      '{"b":2}',
      '{"v":"1","Records":[],"next":{"x":[]}}',
      '{"c":3}',
    ]);
  });

  it('loses no line to a torn one before it', () => {
    expect(frame('{"a":"torn\n{"b":2}\n{"c":3}\n')).toEqual(['{"a":"torn', '{"b":2}', '{"c":3}']);
    expect(frame('{"a":1,\n{"b":2}\n{"c":3}\n')).toEqual(['{"a":1,', '{"b":2}', '{"c":3}']);
    expect(frame('{"a":\n{"b":2}\n{"c":3}\n{"d":4}\n')).toEqual(['{"a":', '{"b":2}', '{"c":3}', '{"d":4}']);
    expect(frame('[{"a":1},\n{"b":"torn\n{"c":3},\n{"d":4}]\n{"e":5}')).toEqual([
      '{"a":1}',
      '{"b":"torn',
      '{"c":3}',
      '{"d":4}',
      ']',
      '{"e":5}',
    ]);
  });

  it('gives what a cut-off stream leaves behind as lines', () => {
    expect(frame('{"a":1}\n{"b":\n[1,')).toEqual(['{"a":1}', '{"b":', '[1,']);
    expect(frame('{"v":1,"Records":[{"a":1},{"b"')).toEqual(['{"a":1}', '{"v":1,"Records":[', '{"b"']);
  });

  it('states offset and line of each record', () => {
    const { records } = frameAll(new JsonStreamFramer({ maxRecordBytes: 100, position: 1000, line: 7 }), [
      Buffer.from('\n [\n {"a":\n1},{"b":2}]\ntext'),
    ]);
    expect(records.map(({ position, line }) => [position, line])).toEqual([
      [1005, 9],
      [1014, 10],
      [1023, 11],
    ]);
  });

  it('drops a value that is longer than the limit and goes on behind it', () => {
    const long = `{"a":"${'x'.repeat(200)}"}`;
    const { records, dropped } = frameAll(new JsonStreamFramer({ maxRecordBytes: 100 }), [
      Buffer.from(`[{"b":1},${long},{"c":2}]\n${'t'.repeat(300)}\n{"d":3}`),
    ]);
    expect(records.map((r) => Buffer.from(r.bytes).toString())).toEqual(['{"b":1}', '{"c":2}', '{"d":3}']);
    expect(dropped.map((d) => [d.reason, d.sample.length])).toEqual([
      ['too_long', 100],
      ['too_long', 100],
    ]);
  });

  it('frames nesting up to its limit and takes deeper values as text', () => {
    const deep = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(frame(`${deep(200)}\n${deep(MAX_NESTING)}\n`)).toEqual([deep(200), deep(MAX_NESTING)]);
    expect(frame(`${deep(MAX_NESTING + 1)}\n{"b":1}\n`)).toEqual([deep(MAX_NESTING + 1), '{"b":1}']);
  });

  it('streams an array of 60 MB without keeping more than one record', () => {
    const framer = new JsonStreamFramer({ maxRecordBytes: 1 << 20 });
    const element = Buffer.from(`{"host":"web-1","message":"${'x'.repeat(1000)}"},\n`);
    const chunk = Buffer.concat(Array.from({ length: 60 }, () => element));
    let records = 0;
    let most = 0;
    const emit = (): void => {
      records++;
    };
    framer.push(Buffer.from('['), emit, fail);
    for (let i = 0; i < 1000; i++) {
      framer.push(chunk.subarray(0, chunk.length - (i % 2)), emit, fail);
      if (i % 2 === 1) framer.push(chunk.subarray(chunk.length - 1), emit, fail);
      most = Math.max(most, framer.bufferedBytes);
    }
    framer.end(emit, fail);
    expect(records).toBe(60_000);
    expect(most).toBe(0);
  });

  it('takes time in proportion to the bytes when nesting is opened and never closed', () => {
    // Counted, not timed: bytes emitted as lines stay bounded by the input however deep the failure.
    const hostile = Buffer.from('{"a":[\n'.repeat(50_000));
    let bytes = 0;
    const framer = new JsonStreamFramer({ maxRecordBytes: 1 << 20 });
    const emit = (record: { start: number; end: number }): void => {
      bytes += record.end - record.start;
    };
    framer.push(hostile, emit, fail);
    framer.end(emit, fail);
    expect(bytes).toBe(50_000 * 6);
  });
});

function fail(): void {
  throw new Error('nothing is dropped here');
}
