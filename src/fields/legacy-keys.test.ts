import { describe, expect, it } from 'vitest';
import { applyKeyMap, parseKeyMap } from './legacy-keys.ts';

describe('key-mapping file', () => {
  it('S34: a mapped key stands in for a missing one, whatever its case', () => {
    const { map, diagnostics } = parseKeyMap('src_ip : cip\nDst_Ip: sip\n', 'keys');
    expect(diagnostics).toEqual([]);
    expect(applyKeyMap({ CIP: '10.1.1.1', sip: '10.1.1.2' }, map)).toEqual({
      CIP: '10.1.1.1',
      sip: '10.1.1.2',
      SRC_IP: '10.1.1.1',
      DST_IP: '10.1.1.2',
    });
  });

  it('never replaces a built-in key, plain or GELF', () => {
    const { map } = parseKeyMap('src_ip:cip', 'keys');
    expect(applyKeyMap({ src_ip: 'a', cip: 'b' }, map)).toEqual({ src_ip: 'a', cip: 'b' });
    expect(applyKeyMap({ _SRC_IP: 'a', cip: 'b' }, map)).toEqual({ _SRC_IP: 'a', cip: 'b' });
  });

  it('lets the last line win and reports what it cannot use', () => {
    const { map, diagnostics } = parseKeyMap('# comment\nurl: a\nurl: b\nsrc_pi: x\nnonsense\n', 'keys');
    expect(applyKeyMap({ a: 1, b: 2 }, map)).toEqual({ a: 1, b: 2, URL: 2 });
    expect(diagnostics.map((d) => `${d.span?.line}: ${d.message}`)).toEqual([
      '4: unknown name "src_pi" in the key map; did you mean "src_ip"?',
      '5: line 5 of the key map is no "name : key"',
    ]);
  });

  it('copies a hostile key as data only', () => {
    const { map } = parseKeyMap('url: __proto__', 'keys');
    const fields = JSON.parse('{"__proto__": {"x": 1}}') as Record<string, never>;
    expect(Object.keys(applyKeyMap(fields, map))).toContain('URL');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
