import { describe, expect, it } from 'vitest';
import { IntelBuilder } from './intel-builder.ts';
import { lookup } from './lookup.ts';

describe('lookup', () => {
  const builder = new IntelBuilder();
  const { indicatorsFeed, benignFeed } = builder.addFeed('feed');
  const details = builder.indicators.addDetails(indicatorsFeed, { provider: 'feed' });
  builder.indicators.add('domain', 'evil.example', 'subdomain', details);
  builder.indicators.add('network', '198.51.100.0/24', 'exact', details);
  builder.indicators.add('ipv4', '198.51.100.7', 'exact', details);
  builder.indicators.add('mutex', 'Global\\x', 'exact', details);
  builder.benign.add('ipv4', '198.51.100.7', 'exact', builder.benign.addDetails(benignFeed, { provider: 'allowed' }));
  const set = builder.finish([], []);
  const known = (text: string) => lookup(set, text).map(({ value, relation }) => [value, relation]);

  it('finds a value in any spelling, the names above it and the networks around it', () => {
    expect(known('EVIL[.]example.')).toEqual([['evil.example', 'exact']]);
    expect(known('a.b.evil.example')).toEqual([['evil.example', 'subdomain']]);
    expect(known('198.51.100.7')).toEqual([
      ['198.51.100.7', 'exact'],
      ['198.51.100.0/24', 'network'],
    ]);
    expect(known('198.51.100.0/25')).toEqual([['198.51.100.0/24', 'network']]);
    expect(known('Global\\x')).toEqual([['Global\\x', 'exact']]);
    expect(known('good.example')).toEqual([]);
  });

  it('says when a value is benign, and who says what', () => {
    const [exact, network] = lookup(set, '198.51.100.7');
    expect(exact).toMatchObject({ benign: { provider: 'allowed' }, sources: [{ provider: 'feed' }] });
    expect(network?.benign).toBeUndefined();
  });
});
