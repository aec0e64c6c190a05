import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { frameAll } from './frame-all.ts';
import { OctetCountingFramer } from './octet-counting-framer.ts';

function frame(text: string, maxRecordBytes = 100): { records: string[]; dropped: string[] } {
  const framed = frameAll(new OctetCountingFramer({ maxRecordBytes }), [Buffer.from(text)]);
  return {
    records: framed.records.map((r) => Buffer.from(r.bytes).toString()),
    dropped: framed.dropped.map((d) => d.reason),
  };
}

describe('OctetCountingFramer', () => {
  it('takes counted frames, newlines inside, and lines on the same stream', () => {
    expect(frame('5 a\nb c\n6 second<34>third\r\n2024-01-01 fourth\n').records).toEqual([
      'a\nb c',
      'second',
      '<34>third',
      '2024-01-01 fourth',
    ]);
  });

  it('drops a frame that is too long and one that is cut off', () => {
    expect(frame(`200 ${'x'.repeat(200)}3 abc10 cut`)).toEqual({
      records: ['abc'],
      dropped: ['too_long', 'incomplete'],
    });
  });

  it('takes a count with too many digits as a line', () => {
    expect(frame('99999999999 x\n').records).toEqual(['99999999999 x']);
  });
});
