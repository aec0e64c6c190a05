/** One alert as one line for people: time, level, what matched, where it stood, where the record came from. */
import type { Alert } from '../core/alert.ts';
import { baseName } from '../core/base-name.ts';
import { levelOfSeverity } from '../core/level.ts';
import { oneLine, paint, type Style } from './terminal.ts';

/** Ancestors in one line of the terminal; the record has all of them. */
const SHOWN_ANCESTORS = 3;

export function alertLine(alert: Alert, options: { color: boolean; width: number }): string {
  const level = alert.flint.level ?? levelOfSeverity(alert.event.severity);
  const first = alert.flint.matched[0];
  const what =
    alert.threat?.indicator === undefined
      ? alert.rule.name
      : `${alert.threat.indicator.type} ${first?.item ?? alert.rule.name}`;
  const lineage = lineageOf(alert);
  const place = `${alert.flint.input.path}${alert.flint.input.line === undefined ? `#${alert.flint.input.record}` : `:${alert.flint.input.line}`}`;
  const time = alert['@timestamp'].slice(0, 19).replace('T', ' ');
  const badge = paint(options.color, styleOf(level), level.toUpperCase().padEnd(13));
  const rest = oneLine(`${what}  ${whereOf(alert)}  ${lineage}${place}`, Math.max(20, options.width - 36));
  return `${paint(options.color, 'dim', time)}  ${badge} ${rest}`;
}

/** `exact @ dst_ip`; of a rule over several events `event_count 12 (>= 10) of ws-042, alice`. */
function whereOf({ flint }: Alert): string {
  const [first] = flint.matched;
  if (first === undefined) return '';
  if (flint.group === undefined) return `${first.how} @ ${first.field === '' ? 'record' : first.field}`;
  const group = Object.values(flint.group);
  return `${first.field} ${first.value} (${first.how})${group.length === 0 ? '' : ` of ${group.join(', ')}`}`;
}

/** `explorer.exe > cmd.exe > rundll32.exe`: the nearest remembered ancestors and the process itself. */
function lineageOf({ flint, process }: Alert): string {
  const ancestors = flint.process_tree?.ancestors ?? [];
  if (ancestors.length === 0) return '';
  const names = ancestors.slice(-SHOWN_ANCESTORS).map(({ executable, pid }) => baseName(executable ?? `pid ${pid}`));
  const own = process?.['name'] ?? process?.['executable'];
  const more = ancestors.length > SHOWN_ANCESTORS || flint.process_tree?.complete === false ? ['…'] : [];
  return `${[...more, ...names, ...(typeof own === 'string' ? [baseName(own)] : [])].join(' > ')}  `;
}

function styleOf(level: string): Style {
  if (level === 'critical' || level === 'high') return 'red';
  if (level === 'medium') return 'yellow';
  return level === 'low' ? 'cyan' : 'dim';
}
