/** How an observed URL relates to a URL indicator; the table "When a token matches" of docs/design/indicator-matching.md. */
import type { Semantics } from '../core/indicator.ts';
import type { Place } from '../core/observable.ts';
import { effectivePort, type WebUrl } from '../core/web-url.ts';

/** `exact`, `prefix`, or undefined when the URL is not meant. */
export function urlMatches(
  wanted: WebUrl,
  seen: WebUrl,
  semantics: Semantics,
  place: Place,
): 'exact' | 'prefix' | undefined {
  if (wanted.host !== seen.host || !schemesAgree(wanted, seen) || !portsAgree(wanted, seen, place)) return undefined;
  if (wanted.target === seen.target) return 'exact';
  return semantics === 'prefix' && continues(wanted.target, seen.target) ? 'prefix' : undefined;
}

function schemesAgree(wanted: WebUrl, seen: WebUrl): boolean {
  return wanted.scheme === '' || seen.scheme === '' || wanted.scheme === seen.scheme;
}

/**
 * A port beside separate host and path fields is the flow's (a proxy's, perhaps): it is compared only with an indicator that
 * names a port itself.
 */
function portsAgree(wanted: WebUrl, seen: WebUrl, place: Place): boolean {
  if (place === 'composed') return wanted.port === 0 || seen.port === 0 || wanted.port === seen.port;
  const [wantedPort, seenPort] = [effectivePort(wanted), effectivePort(seen)];
  return wantedPort === 0 || seenPort === 0 || wantedPort === seenPort;
}

/** The longer target goes on at a border of a path segment or of a query parameter. */
function continues(prefix: string, target: string): boolean {
  if (!target.startsWith(prefix)) return false;
  return /[/?&=]$/.test(prefix) || /^[/?&]/.test(target.slice(prefix.length));
}
