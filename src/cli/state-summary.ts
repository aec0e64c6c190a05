/**
 * What a scan says of rules over several events beside their alerts: what came too late, what memory bounds made them forget, what
 * became of doubtful alerts of Bloom memory. Nothing of this may stay hidden: each can be why an alert is not there.
 */
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import { counted, formatCount } from './count-text.ts';
import { oneLine } from './terminal.ts';

/** Rules named in one line; the others are counted. */
const MAX_NAMED = 5;

export function stateSummary(reports: readonly StateReport[]): string[] {
  const lines: string[] = [];
  const undecided = sumOf(reports, 'undecided');
  if (undecided > 0)
    lines.push(
      `${formatCount(undecided)} times the search for events of a STIX pattern was given up: flint rules explain says of which (docs/patterns.md)`,
    );
  const bloom = (['refuted', 'unconfirmed', 'restored'] as const).map((what) => sumOf(reports, what));
  if (bloom.some((count) => count > 0)) {
    const [refuted, unconfirmed, restored] = bloom.map(formatCount);
    lines.push(
      `Bloom memory: ${refuted} false alerts dropped, ${unconfirmed} alerts unconfirmed, ${restored} hidden alerts restored (docs/flux.md)`,
    );
  }
  const late = byRule(reports, 'late');
  if (late !== '') lines.push(`later than the lateness allows (state.late_events): ${late}`);
  const early = byRule(reports, 'early');
  if (early !== '') lines.push(`not waited with for older events because too many waited: ${early}`);
  const ungrouped = byRule(reports, 'ungrouped');
  if (ungrouped !== '') lines.push(`tagged, but without the field of --flux-group, so not remembered: ${ungrouped}`);
  const evicted = byRule(reports, 'evicted');
  if (evicted !== '') lines.push(`forgotten because a bound of memory was reached: ${evicted}`);
  return lines;
}

function sumOf(reports: readonly StateReport[], what: 'undecided' | 'refuted' | 'unconfirmed' | 'restored'): number {
  return reports.reduce((sum, report) => sum + (report[what] ?? 0), 0);
}

/** `3 of Many failed logons, 1 of recon`, the greatest first. */
function byRule(reports: readonly StateReport[], what: 'late' | 'early' | 'ungrouped' | 'evicted'): string {
  const countOf = (report: StateReport): number => report[what] ?? 0;
  const counts = reports.filter((report) => countOf(report) > 0).sort((a, b) => countOf(b) - countOf(a));
  const named = counts
    .slice(0, MAX_NAMED)
    .map((report) => `${formatCount(countOf(report))} of ${oneLine(report.name, 80)}`);
  const others = counts.length - named.length;
  return [...named, ...(others > 0 ? [`and more of ${counted(others, 'other rule')}`] : [])].join(', ');
}
