/**
 * Integers of JSON beyond 2^53, and numbers beyond the range of doubles, as texts: JSON.parse rounds them, and a record number, a file
 * reference or a time in nanoseconds that lost its last digits is another one. Only called for records that have such a number.
 */

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
  let at = start + 1;
  while (at < json.length && /[\d.eE+-]/.test(json[at] as string)) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
