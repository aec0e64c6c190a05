/** Log lines for people: the logger's JSON on a terminal becomes time, level, message and fields; elsewhere it stays JSON. */
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { oneLine, paint, type Terminal } from './terminal.ts';

export function openLogger(terminal: Terminal): Logger {
  const level = terminal.quiet ? 'error' : 'info';
  if (terminal.err.isTTY !== true || terminal.json) return createLogger({ level, now: Date.now });
  return createLogger({
    level,
    now: Date.now,
    write: (line) => terminal.err.write(`${readableLine(line, terminal.colorErr)}\n`),
  });
}

function readableLine(line: string, color: boolean): string {
  const { level, time, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const style = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${oneLine(String(value), 160)}`);
  return [String(time).slice(11, 19), paint(color, style, String(level).padEnd(5)), String(message), ...rest].join(' ');
}
