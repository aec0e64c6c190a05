import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleSource } from '../testing/sample-alert.ts';
import { encodeWithin } from './fit.ts';
import { ENCODERS } from './registry.ts';

const options = { timezone: 'UTC', sensor: 's' };
const DATAGRAM = 65_507;

/** As large as alerts get: every text at its limit and full of characters that need escapes. */
function largest() {
  const hostile = '\u0001'.repeat(40_000);
  const event = {
    ...sampleEvent({
      message: hostile,
      CommandLine: hostile,
      Image: hostile,
      User: hostile,
      URL: hostile,
      host: hostile,
      SRC_IP: '10.0.0.1',
    }),
    original: hostile,
  };
  const sources = Array.from({ length: 100 }, (_, i) =>
    sampleSource({ id: `indicator--${i}`, name: hostile, description: hostile, pattern: hostile }),
  );
  const matched = Array.from({ length: 100 }, () => ({ field: hostile, value: hostile, item: hostile, how: 'exact' }));
  return sampleOutgoing(sampleMatch({ sources, matched }), event);
}

describe.each(ENCODERS)('$name made to fit', (encoder) => {
  it('is left whole when it fits', () => {
    const { body, reduced } = encodeWithin(encoder, sampleOutgoing(), options, DATAGRAM);
    expect(reduced).toBe(false);
    expect(Buffer.from(body).toString()).toBe(encoder.encode(sampleOutgoing(), options));
  });

  it('fits a datagram, whatever the alert holds', () => {
    const { body } = encodeWithin(encoder, largest(), options, DATAGRAM);
    expect(body.length).toBeLessThanOrEqual(DATAGRAM);
    if (encoder.contentType === 'application/json')
      expect(() => JSON.parse(Buffer.from(body).toString())).not.toThrow();
  });
});

describe('fitting', () => {
  it('leaves the text of the event out before anything else', () => {
    const event = { ...sampleEvent(), original: 'x'.repeat(30_000) };
    const ecs = ENCODERS.find(({ name }) => name === 'ecs');
    if (ecs === undefined) throw new Error('no ecs encoder');
    const { body, reduced } = encodeWithin(ecs, sampleOutgoing(sampleMatch(), event), options, 8000);
    expect(reduced).toBe(true);
    const alert = JSON.parse(Buffer.from(body).toString());
    expect(alert.event).not.toHaveProperty('original');
    expect(alert.event.original_truncated).toBe(true);
    expect(alert.threat.enrichments).toHaveLength(1);
  });
});
