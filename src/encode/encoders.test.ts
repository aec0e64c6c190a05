/** What holds for every encoder: hostile contents never break the framing, and it never throws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../core/event.ts';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleRuleMatch, sampleSource } from '../testing/sample-alert.ts';
import { ENCODERS } from './registry.ts';

const options = { timezone: 'UTC', sensor: 'sensor-1' };

/** Texts with what breaks parsers: controls, quotes, backslashes, brackets, separators, lone surrogates. */
const hostileText = fc.string({
  unit: fc.constantFrom(
    '\n',
    '\r',
    '\0',
    '\t',
    '"',
    '\\',
    ']',
    '[',
    '=',
    '|',
    ' ',
    '\u0085',
    '\u2028',
    '\ud800',
    '\udfff',
    '\ufeff',
    'é',
    '😀',
    'a',
    '\u001b',
    '<',
    '>',
    '%',
  ),
  maxLength: 30,
});

const hostileFields: fc.Arbitrary<EventObject> = fc.dictionary(
  fc.oneof(
    hostileText,
    fc.constantFrom('URL', '_message', 'host', 'CommandLine', 'Image', 'User', 'SRC_IP', '__proto__'),
  ),
  fc.oneof(hostileText, fc.double(), fc.constant(null), fc.array(hostileText, { maxLength: 3 })),
);

describe.each(ENCODERS)('encoder $name', (encoder) => {
  it('writes one line of well-formed text whatever the contents', () => {
    fc.assert(
      fc.property(hostileFields, hostileText, (fields, text) => {
        const event = { ...sampleEvent(fields), original: text };
        const matches = [
          sampleMatch({
            kind: 'text',
            value: text,
            sources: [sampleSource({ id: text, name: text, description: text, provider: text })],
          }),
          sampleRuleMatch({
            rule: { id: text, name: text, author: text, tags: [text] },
            matched: [{ field: text, value: text, item: text, how: text }],
            group: { [text]: text },
          }),
        ];
        for (const match of matches) {
          const line = encoder.encode(sampleOutgoing(match, event), options);
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
          expect(Buffer.from(line).toString()).toBe(line);
          if (encoder.contentType === 'application/json') {
            expect(typeof JSON.parse(line)).toBe('object');
            expect(line).not.toMatch(/(?<!\\)(\\\\)*\\ud[89a-f]/);
          }
        }
      }),
    );
  });

  it('takes a match without sources and an empty event', () => {
    const event = { ...sampleEvent({}), original: '' };
    expect(encoder.encode(sampleOutgoing(sampleMatch({ sources: [], matched: [] }), event), options)).not.toBe('');
  });

  it('says of a withdrawal that it is one', () => {
    const lines = [{}, { withdrawn: true as const }].map((more) =>
      encoder.encode(sampleOutgoing(sampleRuleMatch(more)), options),
    );
    // In more than the sentence for people.
    const said = lines.map((line) => line.replaceAll('match withdrawn', ''));
    expect(said[0]).not.toMatch(/withdrawn|revoked/);
    expect(said[1]).toMatch(/"_?(flint_)?withdrawn":("?true)|"revoked":true|withdrawn="true"|\(withdrawn\)"/);
  });

  it('has a name of its own', () => {
    expect(ENCODERS.filter(({ name }) => name === encoder.name)).toHaveLength(1);
  });
});
