/**
 * PrettyJson: a JSON text with line breaks and two blanks for each level. Only blanks change: numbers beyond double precision, doubled
 * keys and escapes stay as they were received, which parsing and writing again would not keep.
 */

/** The text itself when it is no JSON object. Empty objects and lists stay on their line. */
export function prettyJson(text: string): string {
  if (!isObject(text)) return text;
  let out = '';
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end;
      continue;
    }
    at++;
    if (char === '{' || char === '[') {
      const closing = nextVisible(text, at);
      if (text.charAt(closing) === '}' || text.charAt(closing) === ']') {
        out += char + text.charAt(closing);
        at = closing + 1;
      } else out += char + lineAt(++depth);
    } else if (char === '}' || char === ']') out += lineAt(--depth) + char;
    else if (char === ',') out += char + lineAt(depth);
    else if (char === ':') out += ': ';
    else if (!isBlank(char)) out += char;
  }
  return out;
}

function isObject(text: string): boolean {
  if (!text.startsWith('{')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Cut off, or no JSON after all: shown as received.
    return false;
  }
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function nextVisible(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charAt(at))) at++;
  return at;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

function lineAt(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
