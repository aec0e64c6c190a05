/**
 * A log source that is said of an input: whether any loaded rule could hold for what comes from there. What is misspelled would fire
 * nothing and say nothing.
 */
import { parsePinnedSource } from '../../core/event-source.ts';
import type { LogSource } from '../../core/logsource.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { nearestName } from '../../errors/nearest.ts';

const PARTS = ['product', 'category', 'service'] as const;

/** `text` as in configuration: `product/category/service`. Undefined when there are rules for it, or none at all. */
export function unusedSource(text: string, rules: readonly LogSource[]): Diagnostic | undefined {
  const pinned = parsePinnedSource(text);
  const mayHold = (rule: LogSource): boolean =>
    PARTS.every((part) => pinned[part] === undefined || rule[part] === undefined || rule[part] === pinned[part]);
  // Rules that leave the category open hold whatever it is called; a name that no rule has is misspelled all the same.
  const isNamed = (part: 'category' | 'service'): boolean =>
    pinned[part] === undefined || rules.some((rule) => rule[part] === pinned[part]);
  if (rules.length === 0 || (rules.some(mayHold) && isNamed('category') && isNamed('service'))) return undefined;
  const asked = spelled(pinned);
  const nearest = nearestName(asked, new Set(rules.map(spelled)));
  const hint =
    nearest === undefined
      ? 'write product/category/service as the rules have them, "*" for what is open'
      : `did you mean "${nearest}"?`;
  return diagnostic('SIGMA_SOURCE_UNUSED', 'warning', `no loaded rule is for the log source "${asked}"`, { hint });
}

function spelled(source: LogSource): string {
  return PARTS.map((part) => source[part] ?? '*')
    .join('/')
    .replace(/(\/\*)+$/, '');
}
