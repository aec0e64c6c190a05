import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameAll } from './frame-all.ts';
import { createFramer, FRAMING_NAMES } from './registry.ts';

const TOKENS = [
  '{"a":1}',
  '{"a":"x}{\\"y\\\\"}',
  '{"a":{"b":[1,{"c":null}]}}',
  '{\n  "a": "b",\n  "c": [\n    1\n  ]\n}',
  '[{"a":1},\n{"b":[2]},3,"s"]',
  '{"Records":[{"a":1},{"b":2}]}',
  '{"v":1,"Records":[{"a":1}],"w":{"Records":[{"x":1}]}}',
  '["a","b"]',
  '[12345] 01 Jan text',
  '[[1,2],[3]]',
  '{"torn":"x',
  '{"torn":',
  '{"a":1',
  'plain text line',
  '<34>1 2024-01-01T00:00:00Z host app - - - msg',
  '29 <34>1 - h a - - - counted octets',
  '5 hello',
  '\\',
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\ufeff',
  'é中',
];

const bytesOf = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...TOKENS), { maxLength: 24 }).map((t) => Buffer.from(t.join(''))) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom(...TOKENS), { maxLength: 24 }).map((t) => Buffer.from(t.join('\n'))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)) },
);

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((c) => c % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const place of [...places, bytes.length]) {
    chunks.push(Uint8Array.from(bytes.subarray(from, place)));
    from = place;
  }
  return chunks;
}

function readable(framed: ReturnType<typeof frameAll>): unknown {
  return {
    records: framed.records.map((r) => [Buffer.from(r.bytes).toString('latin1'), r.position, r.line]),
    dropped: framed.dropped.map((d) => [d.reason, Buffer.from(d.sample).toString('latin1')]),
  };
}

describe.each(FRAMING_NAMES)('framing %s', (name) => {
  it('gives the same records however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(
        bytesOf,
        fc.array(fc.nat(1000), { maxLength: 30 }),
        fc.constantFrom(4, 16, 40, 1000),
        fc.boolean(),
        (bytes, cuts, maxRecordBytes, nulFrames) => {
          const whole = frameAll(createFramer(name, { maxRecordBytes, nulFrames }), [bytes]);
          const pieces = frameAll(createFramer(name, { maxRecordBytes, nulFrames }), cut(bytes, cuts));
          expect(readable(pieces)).toEqual(readable(whole));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives every record where its position says, in one piece of the stream, at most once', () => {
    fc.assert(
      fc.property(bytesOf, (bytes) => {
        const { records } = frameAll(createFramer(name, { maxRecordBytes: 1000 }), [bytes]);
        const positions = new Set<number>();
        for (const record of records) {
          expect(positions.has(record.position)).toBe(false);
          positions.add(record.position);
          const text = Buffer.from(record.bytes).toString('latin1');
          const there = bytes.toString('latin1', record.position, record.position + record.bytes.length);
          // The rest of a wrapper has its elements taken out.
          if (!/"[Rr]ecords":\[/.test(text)) expect(text).toBe(there);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('finds the same records again from any resume point', () => {
    fc.assert(
      fc.property(bytesOf, fc.nat(1000), (bytes, at) => {
        const options = { maxRecordBytes: 1000, nulFrames: true };
        const whole = frameAll(createFramer(name, options), [bytes]);
        const split = at % (bytes.length + 1);
        const first = createFramer(name, options);
        let before = 0;
        const count = (): void => {
          before++;
        };
        first.push(Uint8Array.from(bytes.subarray(0, split)), count, () => {});
        const point = first.resumePoint();
        const again = createFramer(point.framing, { ...options, position: point.position, line: point.line });
        const rest = frameAll(again, [Uint8Array.from(bytes.subarray(point.position))]);
        expect(readable({ records: rest.records.slice(point.emittedAfter), dropped: [] })).toEqual(
          readable({ records: whole.records.slice(before), dropped: [] }),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps no more than the longest record, plus what it needs to look ahead', () => {
    const framer = createFramer(name, { maxRecordBytes: 1000, nulFrames: true });
    for (const start of ['{"a":"', '[', '   ', '{"Records":[{"a":"', '99999 x', 'text']) {
      framer.push(Buffer.from(start), ignore, ignore);
      for (let i = 0; i < 50; i++) {
        framer.push(Buffer.alloc(500, i % 2 === 0 ? 0x61 : 0x20), ignore, ignore);
        expect(framer.bufferedBytes).toBeLessThanOrEqual(2600);
      }
      framer.push(Buffer.from('\n\0'), ignore, ignore);
    }
  });
});

function ignore(): void {}

describe('createFramer', () => {
  it('refuses a name that is not in the table, prototype keys included', () => {
    for (const name of ['', 'csv', 'constructor', '__proto__'])
      expect(() => createFramer(name, { maxRecordBytes: 10 })).toThrow(RangeError);
  });
});

describe('json, ndjson and auto', () => {
  it('agree on streams of whole values and lines of text', () => {
    const lines = fc.array(
      fc.oneof(
        fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify({ value })),
        fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify({ value }, null, 2)),
        fc.array(fc.jsonValue({ maxDepth: 1 })).map((items) => JSON.stringify({ Records: items })),
        fc.constantFrom('text', 'two words ', '[Sun Dec 04] [error] x', '{"a":1}{"b":2}', '{"a":1} {"b":2}', ''),
      ),
    );
    fc.assert(
      fc.property(lines, (given) => {
        const bytes = Buffer.from(['{"first":1}', ...given, ''].join('\n'));
        const [json, ndjson, auto] = ['json', 'ndjson', 'auto'].map((name) =>
          readable(frameAll(createFramer(name, { maxRecordBytes: 1e6 }), [bytes])),
        );
        expect(ndjson).toEqual(json);
        expect(auto).toEqual(json);
      }),
      { numRuns: 1000 },
    );
  });
});
