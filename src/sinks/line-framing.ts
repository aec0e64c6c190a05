/** Messages as lines of a byte stream. An encoder writes no line end; should one ever do so, it must not become two records. */

const LINE_FEED = 0x0a;
const BLANK = 0x20;

export function lines(bodies: readonly Uint8Array[]): Uint8Array {
  return joined(bodies, LINE_FEED);
}

/** Each body followed by the terminator; a terminator inside a body becomes a blank. */
export function joined(bodies: readonly Uint8Array[], terminator: number): Uint8Array {
  const bytes = Buffer.alloc(bodies.reduce((sum, body) => sum + body.length + 1, 0));
  let end = 0;
  for (const body of bodies) {
    bytes.set(body, end);
    for (let at = body.indexOf(terminator); at >= 0; at = body.indexOf(terminator, at + 1)) bytes[end + at] = BLANK;
    end += body.length;
    bytes[end++] = terminator;
  }
  return bytes;
}
