/** LIKE to wildcards: `%` is any run, `_` one character, there is no escape; the text is compared after NFC on both sides. */
import type { Glob, GlobPart } from '../../ir/predicate.ts';

export function likeToGlob(pattern: string): Glob {
  const parts: GlobPart[] = [];
  for (const piece of pattern.normalize('NFC').split(/([%_])/)) {
    if (piece === '%') parts.push({ wildcard: 'any' });
    else if (piece === '_') parts.push({ wildcard: 'one' });
    else if (piece !== '') parts.push({ text: piece });
  }
  return { kind: 'glob', parts, collation: 'exact', typing: 'strict', normalize: 'nfc' };
}
