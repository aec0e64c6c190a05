/** All framings by name, as the `framing` option of inputs takes them. */
import { AutoFramer } from './auto-framer.ts';
import { DelimiterFramer } from './delimiter-framer.ts';
import type { FramerOptions, ResumableFramer } from './framer.ts';
import { JsonStreamFramer } from './json-stream-framer.ts';
import { NdjsonFramer } from './ndjson-framer.ts';
import { OctetCountingFramer } from './octet-counting-framer.ts';

interface FramingKind {
  readonly summary: string;
  readonly create: (options: FramerOptions) => ResumableFramer;
}

const FRAMINGS = {
  auto: {
    summary: 'found out from the first bytes: JSON in any arrangement, lines of text, NUL frames from TCP senders',
    create: (options) => new AutoFramer(options),
  },
  lines: {
    summary: 'one record per line, LF or CRLF',
    create: (options) => new DelimiterFramer('lines', options),
  },
  nul: {
    summary: 'one record per NUL-terminated frame, as GELF over TCP',
    create: (options) => new DelimiterFramer('nul', options),
  },
  ndjson: {
    summary: 'JSON lines; lines that are more or less than one object are looked at closely',
    create: (options) => new NdjsonFramer(options),
  },
  json: {
    summary: 'JSON values in any arrangement: concatenated, pretty-printed, elements of an array or of Records[]',
    create: (options) => new JsonStreamFramer(options),
  },
  'octet-counting': {
    summary: 'syslog over TCP (RFC 6587): frames with their length in front, or lines',
    create: (options) => new OctetCountingFramer(options),
  },
} as const satisfies Readonly<Record<string, FramingKind>>;

export type FramingName = keyof typeof FRAMINGS;

export const FRAMING_NAMES = Object.keys(FRAMINGS) as readonly FramingName[];

/** @throws RangeError for a name that is not in `FRAMINGS`; option schemas refuse such names before. */
export function createFramer(name: string, options: FramerOptions): ResumableFramer {
  if (!Object.hasOwn(FRAMINGS, name)) throw new RangeError(`unknown framing "${name}"`);
  return FRAMINGS[name as FramingName].create(options);
}
