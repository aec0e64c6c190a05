/**
 * Undoes defanging: reports and feeds write `hxxps://evil[.]example` so that nobody clicks. Inside a scheme and a host such
 * marks can only mean one thing; in the rest of a URL and in other text only the unmistakable ones are undone.
 */

const MAY_BE_DEFANGED = /[[\](){}\\<]|^[hf][^tT]|\s(?:dot|at)\s|^\w+:?\/\/?\s|^ht(?:\s|x)/i;

// Runs of blanks are bounded, so that no line of blanks makes the search quadratic.
const SCHEME =
  /^(h[tx*_]{2}ps?|h\s?tt\s?ps?|ht\s?xps?|hxtps?|f[tx*_]p|fxxp)\s?[[({]?:[\])}]?\s{0,2}(?:[[({]?\/[\])}]?\s{0,2}){1,2}(?=\S)/i;
const DOT =
  /\s{0,2}(?:\[\s?(?:\.|dot|punkt|,)\s?\]|\(\s?(?:\.|dot)\s?\)|\{\s?(?:\.|dot)\s?\}|<\.>|<dot>|\\+\.)\s{0,2}|\s{1,2}dot\s{1,2}/gi;
const HALF_DOT = /\[\.|\.\]/g;
const AT = /\s{0,2}(?:\[\s?(?:@|at|arroba)\s?\]|\(\s?(?:@|at)\s?\)|\{\s?(?:@|at)\s?\})\s{0,2}|\s{1,2}at\s{1,2}/gi;
const COLON = /\[:\]|\(:\)|\{:\}/g;
const SLASH = /\[\/\]|\(\/\)/g;
const PLAIN_DOT = /\[\.\]|\[dot\]|\(dot\)|\{dot\}/gi;

/** A domain, address, endpoint, e-mail address or URL as it was before; the same text when nothing was defanged. */
export function refang(text: string): string {
  if (!MAY_BE_DEFANGED.test(text)) return text;
  const scheme = SCHEME.exec(text);
  const separated = scheme === null ? text : `${realScheme(scheme[1] as string)}://${text.slice(scheme[0].length)}`;
  const hostStart = separated.indexOf('://') < 0 ? 0 : separated.indexOf('://') + 3;
  const open = separated.slice(hostStart).replace(SLASH, '/');
  const pathStart = open.search(/[/?#]/);
  const host = pathStart < 0 ? open : open.slice(0, pathStart);
  const path = pathStart < 0 ? '' : open.slice(pathStart);
  return separated.slice(0, hostStart) + refangHost(host) + path.replace(PLAIN_DOT, '.');
}

/** For command lines and other text: only `hxxp://` and a dot in brackets between two word characters. */
export function refangText(text: string): string {
  return text.replace(/\bhxxp(s?)(?::|\[:\])\/\//gi, 'http$1://').replace(/(?<=\w)\[(?:\.|dot)\](?=\w)/gi, '.');
}

function refangHost(host: string): string {
  return host.replace(DOT, '.').replace(HALF_DOT, '.').replace(AT, '@').replace(COLON, ':');
}

function realScheme(seen: string): string {
  const letters = seen.replace(/\s/g, '').toLowerCase();
  return letters.startsWith('f') ? 'ftp' : letters.endsWith('s') ? 'https' : 'http';
}
