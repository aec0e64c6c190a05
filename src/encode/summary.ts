/** One readable sentence about an alert, for formats with a message beside their fields (GELF, syslog, CEF). */
import type { Alert } from '../core/alert.ts';

const MAX_VALUE = 200;

export function summary({ rule, flint, source, destination, host }: Alert): string {
  const [match] = flint.matched;
  const what = match === undefined ? '' : `: ${shortened(match.value)} in ${shortened(match.field)} (${match.how})`;
  const where = host?.name ?? source?.ip;
  const target = destination?.ip ?? destination?.domain;
  const place = where === undefined ? '' : `, from ${shortened(String(where))}`;
  const goal = target === undefined ? '' : ` to ${shortened(String(target))}`;
  const times = flint.count === undefined ? '' : `, ${flint.count} times`;
  const kind = flint.withdrawn === true ? 'match withdrawn' : 'match';
  return oneLine(`${flint.engine} ${kind} "${shortened(rule.name)}"${what}${place}${goal}${times}`);
}

/** Control characters and line separators become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, ' ');
}

function shortened(text: string): string {
  if (text.length <= MAX_VALUE) return text;
  // Not between the halves of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text.charAt(MAX_VALUE - 1)) ? MAX_VALUE - 1 : MAX_VALUE;
  return `${text.slice(0, end)}…`;
}
