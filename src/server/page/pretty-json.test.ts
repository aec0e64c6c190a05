import fc from 'fast-check';
import { expect, it } from 'vitest';
import { prettyJson } from './pretty-json.ts';

it('writes what JSON.stringify with two blanks writes, from any spacing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (value, spacing) => {
      const plain = JSON.stringify(value);
      expect(prettyJson(JSON.stringify(value, undefined, spacing))).toBe(
        JSON.stringify(JSON.parse(plain), undefined, 2),
      );
    }),
  );
});

it('keeps numbers, keys and escapes as they were received', () => {
  const text = '{"Keywords":-9214364837600034816,"a":1.0,"a":"\\u0041 { , : ]","b":[ ],"c":{ }}';
  expect(prettyJson(text)).toBe(
    '{\n  "Keywords": -9214364837600034816,\n  "a": 1.0,\n  "a": "\\u0041 { , : ]",\n  "b": [],\n  "c": {}\n}',
  );
});

it('leaves alone what is no JSON object', () => {
  for (const text of ['{"a":1', 'Jan  1 00:00:00 host app: {}', '[1]', '']) expect(prettyJson(text)).toBe(text);
});
