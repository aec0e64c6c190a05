/**
 * RuleCandidate: the position of a rule that may hold for an event, as a scan of the raw record tells it. The highest bit says that the
 * rule holds for certain and need not be evaluated.
 */
export const CERTAIN = 0x8000_0000;

export function ruleOf(candidate: number): number {
  return candidate & 0x7fff_ffff;
}

export function isCertain(candidate: number): boolean {
  return candidate >= CERTAIN;
}
