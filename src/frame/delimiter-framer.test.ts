import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { DelimiterFramer } from './delimiter-framer.ts';
import { frameAll } from './frame-all.ts';

describe('DelimiterFramer', () => {
  it('cuts lines at LF, takes a CR before it away and keeps every other byte', () => {
    const { records } = frameAll(new DelimiterFramer('lines', { maxRecordBytes: 100 }), [
      Buffer.from('a\0b\r\n\n \t\r\nc\rd\n\xff', 'latin1'),
    ]);
    expect(records.map((r) => [Buffer.from(r.bytes).toString('latin1'), r.position, r.line])).toEqual([
      ['a\0b', 0, 1],
      ['c\rd', 10, 4],
      ['\xff', 14, 5],
    ]);
  });

  it('takes a byte order mark from the first line only', () => {
    const { records } = frameAll(new DelimiterFramer('lines', { maxRecordBytes: 100 }), [
      Buffer.from('\ufeffa\n\ufeffb'),
    ]);
    expect(records.map((r) => Buffer.from(r.bytes).toString())).toEqual(['a', '\ufeffb']);
  });

  it('cuts frames at NUL, with newlines inside', () => {
    const { records } = frameAll(new DelimiterFramer('nul', { maxRecordBytes: 100 }), [Buffer.from('{\n}\0\0b\n\0c')]);
    expect(records.map((r) => [Buffer.from(r.bytes).toString(), r.line])).toEqual([
      ['{\n}', 0],
      ['b\n', 0],
      ['c', 0],
    ]);
  });

  it('drops a line of 10 MB once and takes the next one', () => {
    const framer = new DelimiterFramer('lines', { maxRecordBytes: 1 << 20 });
    const chunk = Buffer.alloc(1 << 16, 0x61);
    const chunks = [...Array.from({ length: 160 }, () => chunk), Buffer.from('\nnext\n')];
    const { records, dropped } = frameAll(framer, chunks);
    expect(dropped.map((d) => [d.reason, d.sample.length])).toEqual([['too_long', 1024]]);
    expect(records.map((r) => [Buffer.from(r.bytes).toString(), r.line])).toEqual([['next', 2]]);
  });

  it('emits a record inside the given chunk without copying it', () => {
    const chunk = Buffer.from('a\nb\n');
    const seen: Uint8Array[] = [];
    new DelimiterFramer('lines', { maxRecordBytes: 10 }).push(
      chunk,
      ({ bytes }) => seen.push(bytes),
      () => {},
    );
    expect(seen.every((bytes) => bytes.buffer === chunk.buffer)).toBe(true);
  });
});
