import { describe, expect, it } from 'vitest';
import { IntelBuilder } from './intel-builder.ts';
import { countStates } from './state-counts.ts';

describe('the states of indicators', () => {
  it('are counted by what holds now', () => {
    const builder = new IntelBuilder();
    const { indicatorsFeed, benignFeed } = builder.addFeed('f');
    const details = (more: object): number => builder.indicators.addDetails(indicatorsFeed, { provider: 'f', ...more });
    const valid = details({});
    const expired = details({ validUntilMs: 100 });
    const future = details({ validFromMs: 200 });
    const decay = { model: 'exponential', halfLifeMs: 10, floor: 0, endsBelow: 50 } as const;
    const faded = details({ confidence: 90, validFromMs: 0, decay });
    for (const [name, sources] of Object.entries({
      'a.example': [valid, expired],
      'b.example': [expired],
      'c.example': [future, expired],
      'd.example': [faded],
      'good.example': [valid],
    }))
      for (const source of sources) builder.indicators.add('domain', name, 'exact', source);
    builder.benign.add('domain', 'good.example', 'subdomain', builder.benign.addDetails(benignFeed, { provider: 'f' }));
    builder.versions.offer('indicator--00000000-0000-4000-8000-000000000001', 0, true);
    expect(countStates(builder.finish([], []), 150)).toEqual({
      active: 2,
      benignSuppressed: 1,
      notYetValid: 1,
      expired: 2,
      revoked: 1,
    });
  });
});
