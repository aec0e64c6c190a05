import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ElementSplitter, type SplitProblem } from './element-splitter.ts';

function split(text: string | Uint8Array, chunkBytes: number, maxElementBytes = 1e6) {
  const elements: unknown[] = [];
  const lines: number[] = [];
  const problems: SplitProblem[] = [];
  const splitter = new ElementSplitter({
    key: 'objects',
    maxElementBytes,
    element: (element, line) => {
      elements.push(JSON.parse(element));
      lines.push(line);
    },
    problem: (reason) => problems.push(reason),
  });
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; at += chunkBytes) splitter.push(bytes.subarray(at, at + chunkBytes));
  splitter.end();
  return { elements, lines, problems };
}

/** Strings full of what could confuse a splitter. */
const nasty = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'objects', 'ä', '\n', 'x') });
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, nasty, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
  list: fc.array(tie('any'), { maxLength: 4 }),
  map: fc.dictionary(nasty, tie('any'), { maxKeys: 4 }),
})).any;
const objects = fc.array(fc.dictionary(nasty, value, { maxKeys: 4 }), { maxLength: 6 });

describe('element splitter', () => {
  it('gives the elements of any bundle or array, however it is cut into chunks', () => {
    fc.assert(
      fc.property(
        objects,
        fc.dictionary(nasty, value, { maxKeys: 3 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 2),
        fc.constantFrom('bundle', 'array'),
        (elements, rest, chunkBytes, indent, form) => {
          const { objects: _none, ...other } = rest as Record<string, unknown>;
          const whole = form === 'array' ? elements : { ...other, objects: elements, more: other };
          const result = split(JSON.stringify(whole, null, indent), chunkBytes);
          expect(result).toMatchObject({ elements, problems: [] });
        },
      ),
    );
  });

  it('takes objects without the key as elements: one a line, or one alone', () => {
    const text = '{"type":"a","objects":{"0":{"type":"file"}}}\n{"type":"b"}\n\n {"type":"c"}';
    const { elements, lines } = split(text, 7);
    expect(elements).toMatchObject([{ type: 'a' }, { type: 'b' }, { type: 'c' }]);
    expect(lines).toEqual([1, 2, 4]);
  });

  it('takes strings and numbers of a top-level array', () => {
    expect(split('["a, b", 1 ,null]', 3).elements).toEqual(['a, b', 1, null]);
  });

  it('skips a byte order mark', () => {
    expect(split('\ufeff{"objects":[{"a":1}]}', 2).elements).toEqual([{ a: 1 }]);
  });

  it('skips what is too long and goes on behind it', () => {
    const long = { a: 'x'.repeat(200) };
    const result = split(JSON.stringify({ objects: [{ a: 1 }, long, { a: 2 }] }), 16, 100);
    expect(result).toMatchObject({ elements: [{ a: 1 }, { a: 2 }], problems: ['too_long'] });
  });

  it('skips what is nested too deep, in whatever, and goes on behind it', () => {
    const deep = (levels: number): string => `${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`;
    const text = (levels: number): string =>
      `{"x":${deep(levels)},"objects":[{"a":1},{"b":${deep(levels)}},"]}",{"a":2}],"y":${deep(levels)}}`;
    for (const levels of [511, 512, 600, 20_000])
      expect(split(text(levels), 4096)).toMatchObject({ elements: [{ a: 1 }, ']}', { a: 2 }], problems: ['too_deep'] });
    expect(split(text(500), 4096)).toMatchObject({ elements: { length: 4 }, problems: [] });
  });

  it('reads a wrapper with much in front of its list', () => {
    const result = split(JSON.stringify({ notes: 'x'.repeat(500), objects: [{ a: 1 }] }), 16, 100);
    expect(result).toMatchObject({ elements: [{ a: 1 }], problems: [] });
  });

  it('says when the text ends early or brackets do not pair', () => {
    expect(split('{"objects":[{"a":1},{"b"', 5)).toMatchObject({ elements: [{ a: 1 }], problems: ['incomplete'] });
    expect(split('{"objects":[{"a":1}}]', 5)).toMatchObject({ elements: [{ a: 1 }], problems: ['malformed'] });
    expect(split('<html>', 5).problems).toEqual(['malformed']);
    expect(split('['.repeat(5000), 64).problems).toEqual(['incomplete']);
  });
});
