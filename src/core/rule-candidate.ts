/**
 * RuleCandidate: the position of a rule that may hold for an event, as a scan of the raw record tells it. The highest bit says that the
 * rule holds for certain and need not be evaluated. The next one says that it holds only if one of its comparisons of what is
 * remembered of the parent process does.
 */
export const CERTAIN = 0x8000_0000;
export const OPEN_TO_PARENT = 0x4000_0000;

export function ruleOf(candidate: number): number {
  return candidate & 0x3fff_ffff;
}

export function isCertain(candidate: number): boolean {
  return candidate >= CERTAIN;
}

export function isOpenToParent(candidate: number): boolean {
  return (candidate & OPEN_TO_PARENT) !== 0;
}
