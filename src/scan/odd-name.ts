/**
 * Odd names: internationalised names that hold a quote, a dash or another character which the scanner takes for a break
 * (`isBreak` in `kernel/escapes.ts`). IDNA 2008 forbids them, browsers accept some; with one of them loaded nothing is a break.
 */
import { domainToUnicode } from 'node:url';

const BREAKS =
  /[\u00a0\u00a7\u00a9\u00ab\u00ae\u00b0\u00bb\u2010-\u2015\u2018-\u201f\u2022\u2026\u2039\u203a\u3000\u3001\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\ufffd]/;

export function hasOddName(name: string): boolean {
  return BREAKS.test(domainToUnicode(name));
}
