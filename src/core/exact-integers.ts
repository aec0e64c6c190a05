/**
 * Integers of JSON beyond 2^53, and numbers beyond the range of doubles, as texts: JSON.parse rounds them, and a record number, a file
 * reference or a time in nanoseconds that lost its last digits is another one. Only called for records that have such a number.
 */

/**
 * The digits of a member of the outermost object; undefined where the text does not tell at once. A plain key that stands once in the
 * text, with a colon behind it, is that member's: inside of a text its quotes would be escaped, and no other spelling of it is there.
 */
export function digitsOf(json: string, key: string): string | undefined {
  if (!/^[A-Za-z][\w.@-]*$/.test(key)) return undefined;
  const at = onlyPlace(json, key);
  if (at < 1 || json[at - 1] === '\\' || json.includes('\\u00')) return undefined;
  let start = at + key.length + 2;
  if (json[start] !== ':') return undefined;
  start++;
  while (json[start] === ' ') start++;
  const number = json.slice(start, endOfNumber(json, start));
  return isRounded(number) ? number : undefined;
}

/** Where the key stands in quotation marks, -1 for nowhere or in several places. */
function onlyPlace(json: string, key: string): number {
  // The mark in front is looked at afterwards: a search that begins with one stops at each.
  const needle = `${key}"`;
  let place = -1;
  for (let at = json.indexOf(needle); at >= 0; at = json.indexOf(needle, at + 1)) {
    if (json[at - 1] !== '"') continue;
    if (place >= 0) return -1;
    place = at - 1;
  }
  return place;
}

/** Valid JSON with each of these numbers in quotes. */
export function withExactIntegers(json: string): string {
  let result = '';
  let from = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) at = endOfString(json, at);
    else if (code === 0x2d || isDigit(code)) {
      const end = endOfNumber(json, at);
      const number = json.slice(at, end);
      if (isRounded(number)) {
        result += `${json.slice(from, at)}"${number}"`;
        from = end;
      }
      at = end - 1;
    }
  }
  return result + json.slice(from);
}

const NUMBER_END = /[^\d.eE+-]/g;

function isRounded(number: string): boolean {
  const value = Number(number);
  return /^-?\d+$/.test(number) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
}

/** The place of the closing quotation mark. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at++;
  }
  return json.length;
}

function endOfNumber(json: string, start: number): number {
  NUMBER_END.lastIndex = start + 1;
  return NUMBER_END.exec(json)?.index ?? json.length;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
