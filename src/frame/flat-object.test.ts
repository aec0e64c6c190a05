/** What is told to be one object without a look at its bytes is one record for the framer, whatever the bytes are. */
import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { isFlatObject } from './flat-object.ts';
import { frameAll } from './frame-all.ts';
import { JsonStreamFramer } from './json-stream-framer.ts';

const PIECES = [
  ...['{', '}', '[', ']', '"', ',', ':', '\\', ' ', '\n', '\t', '\r', 'a', '1', 'true', 'null', '-', '\u00e9', '\0'],
  ...['"a":1', '"Records":', '"records":[', '{"a":1}', '"x":"y"', '"b":[1,2]', '"c":"\\"}"', '\u007f'],
];

it('is one record for the framer', () => {
  const random = new Random(20_261_121);
  let flat = 0;
  for (let round = 0; round < 60_000; round++) {
    let text = '{';
    for (let i = random.int(8); i > 0; i--) text += random.pick(PIECES);
    if (random.chance(0.8)) text += '}';
    const bytes = Buffer.from(text);
    if (!isFlatObject(bytes)) continue;
    flat++;
    const { records, dropped } = frameAll(new JsonStreamFramer({ maxRecordBytes: 1 << 20 }), [bytes]);
    const framed = records.map((record) => Buffer.from(record.bytes).toString('utf8'));
    expect({ text, framed, dropped: dropped.length }).toEqual({ text, framed: [text], dropped: 0 });
  }
  expect(flat).toBeGreaterThan(5000);
});

it('says no to what holds more than one record, or may', () => {
  for (const text of [
    '',
    '{',
    '}',
    '{"a":1}{"b":2}',
    '{"a":1} {"b":2}',
    '{"a":1\n}',
    '{"Records":[1]}',
    '{"a":{}}',
    ' {"a":1}',
  ])
    expect(isFlatObject(Buffer.from(text)), text).toBe(false);
  expect(isFlatObject(Buffer.from('{"a":1}'))).toBe(true);
});
