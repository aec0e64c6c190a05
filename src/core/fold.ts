/**
 * Case folding, one for the whole program: character by character, so that length and positions stay, and never across the
 * border between ASCII and other letters (the Kelvin sign is no k, dotless i is no i; design section 2). `ß` and `İ` stay as
 * they are, because their lower or upper case form has another length.
 */

export function foldCase(text: string): string {
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase();
  let folded = '';
  for (const char of text) folded += foldCharacter(char);
  return folded;
}

function foldCharacter(char: string): string {
  const lower = char.toLowerCase();
  if (lower.length !== char.length) return char;
  const crosses = (char.codePointAt(0) ?? 0) > 127 && (lower.codePointAt(0) ?? 0) <= 127;
  return crosses ? char : lower;
}
