/** What a reload has found that was not known before: of a rule that has gone bad, its author must hear without a restart. */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Problems that are logged one by one; the rest is counted. */
const MAX_LOGGED = 20;

export function logNewProblems(
  former: readonly Diagnostic[],
  current: readonly Diagnostic[],
  logger: Pick<Logger, 'warn'>,
): void {
  const known = new Set(former.map(keyOf));
  const fresh = current.filter((problem) => problem.severity !== 'note' && !known.has(keyOf(problem)));
  for (const { code, severity, message, span } of fresh.slice(0, MAX_LOGGED))
    logger.warn('problem in what was reloaded', {
      code,
      severity,
      problem: message,
      ...(span !== undefined && { file: span.file, ...(span.line !== undefined && { line: span.line }) }),
    });
  const more = fresh.length - MAX_LOGGED;
  if (more > 0) logger.warn('more problems in what was reloaded', { count: more });
}

function keyOf({ code, message, span }: Diagnostic): string {
  return JSON.stringify([code, message, span?.file, span?.line]);
}
