/**
 * How likely a literal is to stand in a field of a real event: a rough estimate, only used to choose between equally right ways
 * to reach a rule. Words that nearly every Windows or web event holds count for little; what is left is rarer with each
 * character.
 */

/** Common pieces of logs (folded) and the share of events in which a field holds them, as seen in Windows event collections. */
const COMMON: readonly (readonly [string, number])[] = [
  ['c:\\windows\\system32\\', 0.5],
  ['\\windows\\system32\\', 0.5],
  ['\\windowspowershell\\v1.0\\', 0.1],
  ['\\windows\\', 0.6],
  ['system32', 0.5],
  ['syswow64', 0.05],
  ['program files (x86)', 0.05],
  ['program files', 0.2],
  ['\\appdata\\local\\', 0.08],
  ['\\appdata\\', 0.1],
  ['\\users\\', 0.2],
  ['\\software\\microsoft\\windows\\currentversion\\', 0.2],
  ['\\currentversion\\', 0.2],
  ['\\software\\', 0.3],
  ['\\microsoft\\', 0.3],
  ['currentcontrolset', 0.2],
  ['powershell', 0.1],
  ['microsoft', 0.5],
  ['windows', 0.6],
  ['svchost', 0.1],
  ['explorer', 0.05],
  ['services', 0.2],
  ['system', 0.6],
  ['.exe', 0.7],
  ['.dll', 0.3],
  ['.com', 0.1],
  ['c:\\', 0.7],
  ['hklm', 0.3],
  ['hkcu', 0.05],
  ['true', 0.1],
  ['http', 0.1],
  ['user', 0.3],
  ['cmd', 0.05],
  ['get', 0.1],
  ['post', 0.05],
];

/** Most literals hold none of them. */
const ANY_COMMON = new RegExp(COMMON.map(([piece]) => piece.replace(/[\\.()]/g, '\\$&')).join('|'));

const PER_CHARACTER = 0.5;
const SCALE: Readonly<Record<string, number>> = { contains: 1, starts: 0.3, ends: 0.2, equals: 0.1 };

/** 0 to 1. */
export function literalProbability(text: string, relation: 'equals' | 'starts' | 'ends' | 'contains'): number {
  let rest = text;
  let known = 1;
  if (ANY_COMMON.test(text))
    for (const [piece, share] of COMMON) {
      if (!rest.includes(piece)) continue;
      rest = rest.replaceAll(piece, '');
      known = Math.min(known, share);
    }
  const scale = SCALE[relation] as number;
  const letters = lettersIn(rest) + (rest.length > 0 ? 0.5 : 0);
  return Math.max(
    1e-6,
    Math.min(1, known * PER_CHARACTER ** letters * (letters < 3 ? 1 : 2)) *
      (known < 1 && letters < 1 ? Math.max(scale, 0.3) : scale),
  );
}

/** Small letters, digits, and all beyond ASCII. */
function lettersIn(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code >= 128) count++;
  }
  return count;
}
