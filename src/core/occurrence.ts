/**
 * Where an indicator's text occurs in an observed text (docs/design/indicator-matching.md): bounded occurrences for file names,
 * registry keys and mutexes, whole values or quoted pieces for user agents and other text.
 */
import { foldCase } from './fold.ts';
import type { IndicatorKind } from './indicator.ts';

const HIVES: readonly (readonly [RegExp, string])[] = [
  [/(^|[^A-Za-z0-9_])hklm(?=\\)/g, '$1hkey_local_machine'],
  [/(^|[^A-Za-z0-9_])hkcu(?=\\)/g, '$1hkey_current_user'],
  [/(^|[^A-Za-z0-9_])hkcr(?=\\)/g, '$1hkey_classes_root'],
  [/(^|[^A-Za-z0-9_])hku(?=\\)/g, '$1hkey_users'],
  [/(^|[^A-Za-z0-9_])hkcc(?=\\)/g, '$1hkey_current_config'],
  [/\\registry\\machine(?=\\)/g, 'hkey_local_machine'],
  [/\\registry\\user(?=\\)/g, 'hkey_users'],
];

/** Case folded, hives spelled out. */
export function canonicalRegistryKey(text: string): string {
  let key = foldCase(text.trim());
  for (const [pattern, hive] of HIVES) key = key.replace(pattern, hive);
  return key.length > 1 && key.endsWith('\\') ? key.slice(0, -1) : key;
}

export function canonicalFileName(text: string): string {
  return foldCase(text.trim());
}

/** The observed text in the form that the indicator's canonical value is compared with. */
export function comparableText(kind: IndicatorKind, text: string): string {
  if (kind === 'registry-key') return canonicalRegistryKey(text);
  return kind === 'file-name' ? foldCase(text) : text;
}

/**
 * True when `value` stands in `text` and its neighbours are no part of a longer name: no letter, digit, `_` or `-`; no dot on
 * the left; no dot on the right that goes on with a letter or digit.
 */
export function occursBounded(text: string, value: string): boolean {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const end = at + value.length;
    if (
      !isNamePart(text, at - 1) &&
      text[at - 1] !== '.' &&
      !isNamePart(text, end) &&
      !(text[end] === '.' && isNamePart(text, end + 1))
    )
      return true;
  }
  return false;
}

/** True when `value` is the whole text, or in a text line one piece between quotes or tabs; blanks around are cut. */
export function isWholeText(text: string, value: string, isLine: boolean): boolean {
  if (text.trim() === value) return true;
  return isLine && text.includes(value) && text.split(/["\t]/).some((piece) => piece.trim() === value);
}

function isNamePart(text: string, index: number): boolean {
  if (index < 0 || index >= text.length) return false;
  const code = text.charCodeAt(index);
  if (code < 128) {
    return (
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x61 && code <= 0x7a) ||
      code === 0x5f ||
      code === 0x2d
    );
  }
  // A surrogate is part of a letter or symbol outside the basic plane; symbols such as emoji count as letters here.
  return /[\p{L}\p{M}\p{N}\p{Cs}]/u.test(text[index] as string);
}
