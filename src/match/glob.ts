/** Whole-text match with wildcards, in linear space and at most quadratic time: the last `any` is the only place to go back to. */
import { foldCase } from '../core/fold.ts';
import type { Glob, GlobPart } from '../ir/predicate.ts';

export function globMatches(glob: Glob, text: string): boolean {
  const normal = glob.normalize === 'nfc' ? text.normalize('NFC') : text;
  const folded = glob.collation === 'folded';
  return run(expand(glob.parts, folded), Array.from(folded ? foldCase(normal) : normal));
}

type Atom = string | { readonly any: true } | { readonly one: true } | { readonly oneOf: string };

function expand(parts: readonly GlobPart[], folded: boolean): Atom[] {
  return parts.flatMap((part): Atom[] => {
    if ('text' in part) return Array.from(folded ? foldCase(part.text) : part.text);
    if ('oneOf' in part) return [{ oneOf: folded ? foldCase(part.oneOf) : part.oneOf }];
    return part.wildcard === 'any' ? [{ any: true }] : [{ one: true }];
  });
}

function run(atoms: readonly Atom[], text: readonly string[]): boolean {
  let at = 0;
  let atom = 0;
  let retryAtom = -1;
  let retryAt = 0;
  while (at < text.length) {
    const current = atoms[atom];
    if (typeof current === 'object' && 'any' in current) {
      retryAtom = ++atom;
      retryAt = at;
    } else if (current !== undefined && accepts(current, text[at] as string)) {
      at++;
      atom++;
    } else if (retryAtom >= 0) {
      atom = retryAtom;
      at = ++retryAt;
    } else return false;
  }
  while (atom < atoms.length && isAny(atoms[atom])) atom++;
  return atom === atoms.length;
}

function accepts(atom: Atom, char: string): boolean {
  if (typeof atom === 'string') return atom === char;
  return 'one' in atom || ('oneOf' in atom && atom.oneOf.includes(char));
}

function isAny(atom: Atom | undefined): boolean {
  return typeof atom === 'object' && 'any' in atom;
}
