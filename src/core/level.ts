/** Level: how grave what a rule found is (Sigma specification 2.1, rule fields), and the engines that find. */

/** Ascending. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** The band that `event.severity`, 0 to 100, lies in (design section 6.3). */
export function levelOfSeverity(severity: number): Level {
  if (severity >= 90) return 'critical';
  if (severity >= 70) return 'high';
  if (severity >= 50) return 'medium';
  return severity >= 30 ? 'low' : 'informational';
}

export const ENGINES = ['indicator', 'pattern', 'sigma', 'correlation', 'flux', 'anomaly'] as const;
export type EngineName = (typeof ENGINES)[number];
