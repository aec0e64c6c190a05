import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AutoFramer } from './auto-framer.ts';
import { frameAll } from './frame-all.ts';

function settle(text: string, nulFrames: boolean): { framing: string; records: string[] } {
  const framer = new AutoFramer({ maxRecordBytes: 1000, nulFrames });
  const records: string[] = [];
  framer.push(
    Buffer.from(text),
    ({ bytes, start, end }) => records.push(Buffer.from(bytes).toString('utf8', start, end)),
    () => {},
  );
  return { framing: framer.resumePoint().framing, records };
}

describe('AutoFramer', () => {
  it.each([
    ['{"a":1}\n{"b":2}\n', false, 'ndjson', ['{"a":1}', '{"b":2}']],
    ['\ufeff\n {"a":1} \r\n{"b":2}\n', false, 'ndjson', ['{"a":1}', '{"b":2}']],
    [
      '{"a":1}\ntext\n[x] y\n{"b":\n2}\n{"c":3}{"d":4}\n',
      false,
      'ndjson',
      ['{"a":1}', 'text', '[x] y', '{"b":\n2}', '{"c":3}', '{"d":4}'],
    ],
    ['{\n"a":1}\n{"b":2}\n', false, 'json', ['{\n"a":1}', '{"b":2}']],
    ['{"a":1}{"b":2}', false, 'json', ['{"a":1}', '{"b":2}']],
    ['[{"a":1},{"b":2}]\n', false, 'json', ['{"a":1}', '{"b":2}']],
    ['{"Records":[{"a":1}]}\n{"Records":[{"b":2}]}\n', false, 'ndjson', ['{"a":1}', '{"b":2}']],
    ['text\n{"a":1}\n', false, 'lines', ['text', '{"a":1}']],
    ['[Sun] x\n[Mon] y\n', false, 'lines', ['[Sun] x', '[Mon] y']],
    ['a\0b\n', false, 'lines', ['a\0b']],
    ['a\0b\nc\0', true, 'nul', ['a', 'b\nc']],
    ['a\nb\0c\n', true, 'lines', ['a', 'b\0c']],
    ['{"a":1}\0{"b":\n2}\0', true, 'nul', ['{"a":1}', '{"b":\n2}']],
    ['{"a":1}\n{"b":2}\n', true, 'ndjson', ['{"a":1}', '{"b":2}']],
  ])('takes %j (NUL frames %s) as %s', (text, nulFrames, framing, records) => {
    expect(settle(text, nulFrames)).toEqual({ framing, records });
  });

  it('gives an object at once, before anything shows how it is delimited', () => {
    expect(settle('{"a":1}', true).records).toEqual(['{"a":1}']);
  });

  it('takes an empty stream, blanks, and a lone beginning of a byte order mark', () => {
    const frame = (bytes: Uint8Array): number =>
      frameAll(new AutoFramer({ maxRecordBytes: 10, nulFrames: true }), [bytes]).records.length;
    expect([frame(Buffer.alloc(0)), frame(Buffer.from(' \n\0')), frame(Buffer.from([0xef, 0xbb]))]).toEqual([0, 0, 1]);
  });
});
