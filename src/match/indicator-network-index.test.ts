import { describe, expect, it } from 'vitest';
import { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import { networkContains, parseNetwork } from '../core/ip-address.ts';
import { NetworkIndex } from './indicator-network-index.ts';

describe('network index', () => {
  it('finds what prefix containment says, for random networks and addresses of both families', () => {
    const seed = Date.now() % 1e9;
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    // Few distinct octets, so that networks and addresses meet.
    const v4 = (): string => `10.${random(3)}.${random(4)}.${random(256)}`;
    const v6 = (): string => `2001:db8:${random(3).toString(16)}::${random(65_536).toString(16)}`;
    const builder = new IndicatorTableBuilder();
    const details = builder.addDetails(builder.addFeed('f'), { provider: 'f' });
    const texts = new Set<string>(['0.0.0.0/0', '::/0', '10.0.0.1/32']);
    for (let i = 0; i < 150; i++)
      texts.add(random(2) === 0 ? `${v4()}/${1 + random(32)}` : `${v6()}/${1 + random(128)}`);
    for (const text of texts) builder.add('network', text, 'exact', details);
    const table = builder.finish();
    const index = new NetworkIndex(table);
    let found = 0;
    for (let i = 0; i < 500; i++) {
      const address = random(2) === 0 ? v4() : v6();
      const inner = parseNetwork(address);
      const expected = Array.from({ length: table.size }, (_, row) => row).filter((row) => {
        const outer = parseNetwork(table.valueAt(row));
        return inner !== undefined && outer !== undefined && networkContains(outer, inner);
      });
      found += expected.length;
      expect({ seed, address, rows: [...index.rowsOf(address)].sort((a, b) => a - b) }).toEqual({
        seed,
        address,
        rows: expected,
      });
    }
    expect(found).toBeGreaterThan(500);
    expect(index.rowsOf('no address')).toEqual([]);
  });
});
