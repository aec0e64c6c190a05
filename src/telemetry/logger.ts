/**
 * The service's own log: JSON lines on standard error, written synchronously so that nothing is lost when the process ends. Messages are
 * constant texts, data stands in fields (style guide J1); a message that repeats is written BURST times per minute, then counted, and the
 * count stands on the first line after the minute. Event contents and secrets are never passed in.
 */
import { destination, pino } from 'pino';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  readonly level: LogLevel | 'silent';
  readonly now: () => number;
  /** Takes one line with its end; standard error when absent. */
  readonly write?: (line: string) => void;
}

/** Lines of one message per minute before they are only counted. */
const BURST = 5;
const WINDOW_MS = 60_000;
/** Distinct messages that are watched; messages are constants, so more than this is a bug that must not cost memory. */
const MAX_WATCHED = 1000;

export function createLogger(options: LoggerOptions): Logger {
  const target = options.write === undefined ? destination({ dest: 2, sync: true }) : { write: options.write };
  const writer = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(options.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  );
  const repeats = new RepeatLimit(options.now);
  const log = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (!writer.isLevelEnabled(level)) return;
    const held = repeats.admit(`${level} ${message}`);
    if (held !== undefined) writer[level](held > 0 ? { ...fields, held_back: held } : fields, message);
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
  };
}

class RepeatLimit {
  readonly #now: () => number;
  readonly #seen = new Map<string, { sinceMs: number; count: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many of this message were held back since it was last written; undefined: hold this one back too. */
  admit(key: string): number | undefined {
    const now = this.#now();
    const entry = this.#seen.get(key);
    if (entry === undefined || Math.abs(now - entry.sinceMs) >= WINDOW_MS) {
      if (entry === undefined && this.#seen.size >= MAX_WATCHED) this.#seen.clear();
      this.#seen.set(key, { sinceMs: now, count: 1 });
      return Math.max(0, (entry?.count ?? 0) - BURST);
    }
    entry.count++;
    return entry.count <= BURST ? 0 : undefined;
  }
}

/** Logs nothing: for tests and for library use. */
export const SILENT: Logger = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
