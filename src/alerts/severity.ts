/** `event.severity` of an alert, 0 to 100 (design 6.3): Sigma's level, or the confidence of an indicator. */
import type { Level } from '../core/level.ts';
import type { Match } from '../core/match.ts';
import { sourcesOf } from './threat-indicator.ts';

const SEVERITY_OF_LEVEL: Readonly<Record<Level, number>> = {
  informational: 10,
  low: 30,
  medium: 50,
  high: 70,
  critical: 90,
};

/** What is assumed when neither level nor confidence is given. */
const UNSTATED = 50;

export function severityOf(match: Match): number {
  if (match.engine === 'indicator') return percent(sourcesOf(match)[0]?.confidence);
  if (match.rule.level !== undefined) return SEVERITY_OF_LEVEL[match.rule.level];
  return percent(match.rule.confidence ?? match.indicator?.confidence);
}

function percent(confidence: number | undefined): number {
  if (confidence === undefined || !Number.isFinite(confidence)) return UNSTATED;
  return Math.round(Math.min(100, Math.max(0, confidence)));
}
