/**
 * The patterns of several values that name a value: for `flint intel lookup`, since such a value is no indicator of its own. Letter case is ignored; the value must
 * stand in the text of a constant as a whole, not inside a longer word or number. Reads all patterns: some 10 ms for 10,000.
 */
import type { IndicatorDetails } from '../core/indicator.ts';
import type { IntelSet } from './intel-set.ts';

export interface NamingPatterns {
  /** All of them, those shown and those not. */
  readonly total: number;
  readonly patterns: readonly IndicatorDetails[];
}

const MIN_LENGTH = 3;
const IS_WORD = /[\p{L}\p{N}]/u;

export function patternsNaming(
  { deferred, indicators }: Pick<IntelSet, 'deferred' | 'indicators'>,
  values: readonly string[],
  limit: number,
): NamingPatterns {
  const sought = [...new Set(values.map((value) => value.toLowerCase()))].filter(({ length }) => length >= MIN_LENGTH);
  const found = deferred.filter(({ pattern }) => {
    const text = unescaped(pattern).toLowerCase();
    return sought.some((value) => standsIn(text, value));
  });
  return {
    total: found.length,
    patterns: found.slice(0, limit).map(({ details }) => indicators.details(details)),
  };
}

/** As the constants mean it (STIX 2.1 section 9.3). */
function unescaped(pattern: string): string {
  return pattern.replaceAll(/\\([\\'])/g, '$1');
}

function standsIn(text: string, value: string): boolean {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1))
    if (!IS_WORD.test(text.charAt(at - 1)) && !IS_WORD.test(text.charAt(at + value.length))) return true;
  return false;
}
