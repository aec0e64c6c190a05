/** The table of error codes against its page, both ways. */
import { diagnostic } from './diagnostic.ts';
import { withFirstFixes } from './with-fix.ts';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorsPage } from './errors-page.ts';
import { ERROR_TABLE, type ErrorRow } from './table.ts';

const rows: [string, ErrorRow][] = Object.entries(ERROR_TABLE);

describe('docs/errors.md', () => {
  it('is current (npm run docs writes it)', async () => {
    await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
  });

  it('has a section for each code, and for nothing else', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^## (\S+)$/gm)].map((match) => match[1]);
    expect(documented).toEqual(Object.keys(ERROR_TABLE).sort());
  });
});

describe('the table', () => {
  it.each(rows)('%s says what, why and what to do, in lower case and without a final stop', (code, row) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z0-9]+)+$/);
    for (const text of [row.title, row.why, row.fix]) {
      expect(text.length).toBeGreaterThan(8);
      expect(text).not.toMatch(/\.$/);
      expect(text).toMatch(/^(?:[a-z0-9"']|[A-Z][A-Z0-9]|[A-Z][a-z]+ )/);
    }
  });
});

describe('advice', () => {
  it('of the table stands with the first diagnostic of its code that has none of its own', () => {
    const items = ['own', undefined, undefined].map((hint) =>
      diagnostic('SIGMA_BAD_RULE', 'error', 'x', hint === undefined ? {} : { hint }),
    );
    expect(withFirstFixes(items).map(({ hint }) => hint)).toEqual(['own', ERROR_TABLE.SIGMA_BAD_RULE.fix, undefined]);
  });
});
