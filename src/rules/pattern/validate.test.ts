import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { parsePattern } from './parse.ts';
import { validatePattern } from './validate.ts';

function codes(text: string, spec: '2.0' | '2.1'): readonly string[] {
  const result = parsePattern(text, { strict: true });
  return result.ok ? validatePattern(result.pattern, spec).map(({ code }) => code) : [result.diagnostic.code];
}

describe('pattern validation', () => {
  it('measures hash constants by their algorithm', () => {
    expect(codes("[file:hashes.'SHA-256' = 'f00']", '2.0')).toEqual(['PATTERN_BAD_HASH']);
    expect(codes(`[file:hashes.md5 = '${'a'.repeat(32)}' AND artifact:hashes.SHA1 = 'x']`, '2.1')).toEqual([
      'PATTERN_BAD_HASH',
    ]);
    expect(codes("[file:hashes.MD5 != 'x' OR file:hashes.custom = 'y']", '2.1')).toEqual(['PATTERN_BAD_HASH']);
    const md5 = `'${'a'.repeat(32)}'`;
    expect(codes(`[file:hashes.MD5 IN (${md5}, 'x')]`, '2.1')).toEqual(['PATTERN_BAD_HASH']);
    expect(codes(`[file:hashes.MD5 = h'${'a'.repeat(32)}']`, '2.1')).toEqual(['PATTERN_BAD_HASH']);
    expect(codes(`[file:hashes.MD5 IN (${md5}) OR file:hashes.MD5 LIKE 'ab%']`, '2.1')).toEqual([]);
  });

  it('refuses the same qualifier twice directly on one expression, in 2.1', () => {
    const twice = '[a:b = 1] WITHIN 5 SECONDS REPEATS 2 TIMES WITHIN 6 SECONDS';
    expect(codes(twice, '2.1')).toEqual(['PATTERN_DUPLICATE_QUALIFIER']);
    expect(codes(twice, '2.0')).toEqual([]);
    expect(codes('([a:b = 1] REPEATS 2 TIMES AND [a:b = 2]) REPEATS 2 TIMES REPEATS 2 TIMES', '2.1')).toEqual([]);
  });

  it('knows EXISTS from 2.1 on', () => {
    expect(codes('[a:b = 1 OR NOT EXISTS a:c]', '2.0')).toEqual(['PATTERN_NEWER_OPERATOR']);
    expect(codes('[a:b = 1 OR NOT EXISTS a:c]', '2.1')).toEqual([]);
  });
});

describe.skipIf(!hasSharedData('stix'))(`shared syntax vectors ${sharedDataMissing('stix')}`, () => {
  it('are all answered as expected', () => {
    const vectors: { pattern: string; spec: '2.0' | '2.1'; valid: boolean }[] = JSON.parse(
      readFileSync(sharedData('stix', 'syntax-vectors.json'), 'utf8'),
    );
    const wrong = vectors.filter(({ pattern, spec, valid }) => (codes(pattern, spec).length === 0) !== valid);
    expect(wrong.map(({ pattern }) => pattern)).toEqual([]);
    expect(vectors.length).toBeGreaterThan(90);
  });

  it('real patterns parse in strict mode but for missing brackets, and all of them as feeds', () => {
    const lines = gunzipSync(readFileSync(sharedData('stix', 'real-patterns.jsonl.gz')))
      .toString('utf8')
      .trim()
      .split('\n');
    const patterns = lines.map((line) => (JSON.parse(line) as { pattern: string }).pattern);
    const strict = new Map<string, number>();
    const refused: string[] = [];
    for (const pattern of patterns) {
      const code = codes(pattern, '2.0')[0] ?? 'ok';
      strict.set(code, (strict.get(code) ?? 0) + 1);
      if (!parsePattern(pattern).ok) refused.push(pattern);
    }
    expect(refused).toEqual([]);
    expect(strict.get('PATTERN_SYNTAX')).toBeUndefined();
    expect(strict.get('ok')).toBeGreaterThan(patterns.length * 0.99);
  });
});
