/**
 * Public suffixes: names under which strangers register (`co.uk`, `github.io`). An indicator never reaches below one, nor below a
 * name that stands above one (design 6.4). Data: the Public Suffix List, its private part included, as packaged by tldts.
 */
import { getPublicSuffix, parse } from 'tldts';

const OPTIONS = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;

/** A label that no rule and no exception of the list has. */
const UNLISTED = '0-0';

/** True when the canonical name is a public suffix, or all names directly below it are. */
export function isPublicSuffix(name: string): boolean {
  const below = `${UNLISTED}.${name}`;
  const suffix = getPublicSuffix(below, OPTIONS);
  return suffix === name || suffix === below;
}

/** True when the last label of the name is a top-level domain that exists. */
export function hasKnownTopLevel(name: string): boolean {
  const { isIcann, isPrivate } = parse(name, OPTIONS);
  return isIcann === true || isPrivate === true;
}
