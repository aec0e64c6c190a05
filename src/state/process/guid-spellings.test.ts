import { describe, expect, it } from 'vitest';
import { Random } from '../../testing/random.ts';
import { plainGuid } from '../../testing/naive-process-memory.ts';
import { testSeed } from '../../testing/test-runs.ts';
import { NO_TEXT, TextStore } from './text-store.ts';

const GUID = '5770385F-C22A-43E0-BF4C-06F5698FFBD9';

function store(): { texts: TextStore; of: (text: string) => string } {
  const texts = new TextStore({ lo: 1, hi: 2 });
  return { texts, of: (text) => texts.textOf(texts.guidOf(texts.idOf(text))) };
}

describe('spellings of a GUID', () => {
  it('are one text, the one met first', () => {
    const { texts, of } = store();
    const first = `{${GUID}}`;
    for (const one of [first, GUID, GUID.toLowerCase(), `{${GUID.toLowerCase()}}`]) {
      expect(texts.textOf(texts.findGuid(one)) || 'not yet').toBe(one === first ? 'not yet' : first);
      expect(of(one)).toBe(first);
    }
    expect(of('{5770385f-c22a-43e0-bf4c-06f5698ffbda}')).toBe('{5770385f-c22a-43e0-bf4c-06f5698ffbda}');
    expect(texts.guidOf(NO_TEXT)).toBe(NO_TEXT);
  });

  it('of zeros are nobody', () => {
    const { texts } = store();
    const nil = GUID.replace(/[^-]/g, '0');
    for (let time = 0; time < 2; time++)
      expect([nil, `{${nil}}`].map((one) => texts.guidOf(texts.idOf(one)))).toEqual([NO_TEXT, NO_TEXT]);
    expect(texts.textOf(texts.guidOf(texts.idOf(`{${nil}`)))).toBe(`{${nil}`);
  });

  it.each([
    `{${GUID}`,
    `${GUID}}`,
    `(${GUID})`,
    GUID.replaceAll('-', ''),
    `${GUID} `,
    `${GUID}0`,
    GUID.replace('F', 'G'),
  ])('are no GUID, and another text in small letters: %s', (text) => {
    const { of } = store();
    of(`{${GUID}}`);
    of(GUID.toLowerCase());
    expect([of(text), of(text.toLowerCase())]).toEqual([text, text.toLowerCase()]);
  });

  it('are found by each other whatever texts came and went', () => {
    const seed = testSeed();
    const random = new Random(seed);
    const { texts } = store();
    const guids = Array.from(
      { length: 4000 },
      (_, i) => `5770385f-c22a-43e0-${i.toString(16).padStart(4, '0')}-06f5698ffbd9`,
    );
    const ways = [(one: string) => one, (one: string) => `{${one}}`, (one: string) => one.toUpperCase()];
    /** Held texts, by GUID. */
    const held = new Map<string, number>();
    for (let i = 0; i < 40_000; i++) {
      // All alike at first.
      const spelling = random.pick(i < 3000 ? ways.slice(0, 1) : ways)(random.pick(guids));
      const guid = plainGuid(spelling);
      const known = held.get(guid);
      const text = texts.guidOf(texts.idOf(spelling));
      if (known !== undefined) expect(text, `FLINT_SEED=${seed}`).toBe(known);
      expect(plainGuid(texts.textOf(text))).toBe(guid);
      expect(texts.findGuid(random.pick(ways)(guid))).toBe(i < 3000 ? texts.findGuid(spelling) : text);
      if (known === undefined) {
        texts.hold(text);
        held.set(guid, text);
      } else if (random.chance(0.6)) {
        texts.release(text);
        held.delete(guid);
      }
      texts.sweep();
    }
    expect(texts.drops).toBeGreaterThan(5);
  });
});
