import { describe, expect, it } from 'vitest';
import type { IndicatorKind } from '../core/indicator.ts';
import type { IndicatorMatch } from '../core/match.ts';
import { firstHit } from './first-hit.ts';

const match = (kind: IndicatorKind, field: string, how = 'exact'): IndicatorMatch => ({
  engine: 'indicator',
  kind,
  value: `${kind} ${field} ${how}`,
  semantics: 'exact',
  sources: [],
  matched: [{ field, value: '', item: '', how }],
  validity: 'within',
});

describe('first hit', () => {
  it('follows the order of the original', () => {
    const ordered = [
      match('endpoint', 'SRC_IP', 'exact in composed'),
      match('endpoint', 'DST_IP', 'exact in composed'),
      match('url', 'URL'),
      match('domain', 'DOMAIN'),
      match('url', 'DOMAIN + URL', 'exact in composed'),
      match('ipv4', 'DST_IP'),
    ];
    for (let i = 0; i < ordered.length; i++) expect(firstHit(ordered.slice(i).reverse())).toEqual([ordered[i]]);
    expect(firstHit([])).toEqual([]);
  });
});
