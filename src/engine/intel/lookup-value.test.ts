import { describe, expect, it } from 'vitest';
import { IntelBuilder } from '../../intel/intel-builder.ts';
import { ValueLookup } from './lookup-value.ts';

const NOW = Date.parse('2024-06-01T00:00:00Z');

describe('ValueLookup', () => {
  const builder = new IntelBuilder();
  const { indicatorsFeed, benignFeed } = builder.addFeed('a.txt');
  const low = builder.indicators.addDetails(indicatorsFeed, { provider: 'low', confidence: 10 });
  const high = builder.indicators.addDetails(indicatorsFeed, {
    provider: 'high',
    confidence: 90,
    validUntilMs: NOW,
  });
  builder.indicators.add('domain', 'evil.example', 'subdomain', low);
  builder.indicators.add('domain', 'evil.example', 'subdomain', high);
  builder.indicators.add('network', '198.51.100.0/24', 'exact', low);
  builder.indicators.add('url', 'http://bad.example/x/', 'prefix', low);
  builder.benign.add(
    'domain',
    'good.example',
    'subdomain',
    builder.benign.addDetails(benignFeed, { provider: 'allow' }),
  );
  const lookups = new ValueLookup(builder.finish([], []), NOW);
  const known = (text: string) => lookups.lookup(text).indicators.map(({ value, how }) => [value, how]);

  it('answers as the engine would: names above, networks around, hosts and prefixes of URLs', () => {
    expect(known('a.EVIL[.]example')).toEqual([['evil.example', 'subdomain']]);
    expect(known('198.51.100.7')).toEqual([['198.51.100.0/24', 'network']]);
    expect(known('http://a.evil.example/p')).toEqual([['evil.example', 'subdomain in url-host']]);
    expect(known('hxxp://bad[.]example/x/y?z=1')).toEqual([['http://bad.example/x/', 'prefix']]);
    expect(known('other.example')).toEqual([]);
  });

  it('names all sources, the most confident first, and whether each is valid now', () => {
    const [found] = lookups.lookup('evil.example').indicators;
    expect(found?.sources.map(({ provider, validity, feed }) => [provider, validity, feed])).toEqual([
      ['high', 'expired', 'a.txt'],
      ['low', 'valid', 'a.txt'],
    ]);
  });

  it('says that a value is benign although no indicator names it', () => {
    const answer = lookups.lookup('www[.]good.example');
    expect(answer).toMatchObject({
      kind: 'domain',
      canonical: 'www.good.example',
      notes: ['refanged'],
      benign: { value: 'good.example', provider: 'allow' },
      indicators: [],
    });
  });
});
