/**
 * Highlight: cuts a record into pieces, those that made the rule hold marked as such. Pure; the caller makes the elements.
 * A value is looked for as it stands and as JSON writes it, without regard to ASCII case; longer needles win.
 */
export interface Piece {
  readonly text: string;
  readonly kind: 'plain' | 'value' | 'field';
}

export interface Needle {
  readonly field: string;
  readonly value: string;
}

export function highlight(text: string, needles: readonly Needle[]): Piece[] {
  const wanted = needlesOf(needles);
  const lower = lowerAscii(text);
  const pieces: Piece[] = [];
  let plainFrom = 0;
  let at = 0;
  while (at < text.length) {
    let next: { readonly start: number; readonly end: number; readonly kind: Piece['kind'] } | undefined;
    for (const { text: needle, kind } of wanted) {
      const start = lower.indexOf(needle, at);
      if (start >= 0 && (next === undefined || start < next.start)) next = { start, end: start + needle.length, kind };
    }
    if (next === undefined) break;
    if (next.start > plainFrom) pieces.push({ text: text.slice(plainFrom, next.start), kind: 'plain' });
    pieces.push({ text: text.slice(next.start, next.end), kind: next.kind });
    at = next.end;
    plainFrom = next.end;
  }
  if (plainFrom < text.length) pieces.push({ text: text.slice(plainFrom), kind: 'plain' });
  return pieces;
}

function needlesOf(needles: readonly Needle[]): { text: string; kind: Piece['kind'] }[] {
  const wanted = new Map<string, Piece['kind']>();
  for (const { field, value } of needles.slice(0, 100)) {
    const key =
      field
        .replace(/\[\d+\]/g, '')
        .split('.')
        .at(-1) ?? '';
    if (key !== '') wanted.set(lowerAscii(`${JSON.stringify(key)}:`), 'field');
    if (value === '') continue;
    wanted.set(lowerAscii(value), 'value');
    wanted.set(lowerAscii(JSON.stringify(value).slice(1, -1)), 'value');
  }
  return [...wanted].map(([text, kind]) => ({ text, kind })).sort((a, b) => b.text.length - a.text.length);
}

/** Keeps the length, so that positions in both texts agree. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}
