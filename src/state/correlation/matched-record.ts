/**
 * MatchedRecord: a record that rules hold for, as correlations need it without its event: its time, its place, and where in its bytes the
 * values stand that some correlation groups by, counts or computes on. One object is filled again and again.
 */
import type { TimeOrigin } from '../../core/event.ts';
import type { RecordSource } from '../../core/record.ts';
import { textOfSpelling } from '../process/text-spelling.ts';

/** How the text of a value is told from its bytes. Absent, or null. */
export const ABSENT = 0;
/** The bytes are the text, all of ASCII. */
export const VERBATIM = 1;
/** A text as JSON spells it. */
export const SPELLED = 2;
/** A number that need not be spelled as JavaScript does. */
export const NUMBER = 3;

const NOWHERE: RecordSource = { input: '', path: '', id: '', replayable: false, timezone: 'Z' };

export class MatchedRecord {
  /** In which the record and its values stand; valid until the scan that found it is over. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  timeMs = 0;
  timeOrigin: TimeOrigin = 'field';
  source: RecordSource = NOWHERE;
  position = 0;
  line = 0;
  record = 0;
  arrivalMs = 0;
  /** Stands in the log of events. */
  isKept = false;
  /** Of each field of the plan (`CorrelationPlan.fields`) three words: one of the numbers above, start and end in `bytes`. */
  readonly values: Uint32Array;

  constructor(fields: number) {
    this.values = new Uint32Array(3 * fields);
  }

  isAbsent(field: number): boolean {
    return this.values[3 * field] === ABSENT;
  }

  /** As the decoder would have it, in words: undefined when it is absent. */
  textOf(field: number): string | undefined {
    const [kind, start, end] = [this.values[3 * field], this.values[3 * field + 1], this.values[3 * field + 2]];
    if (kind === ABSENT) return undefined;
    if (kind === SPELLED) return textOfSpelling(this.bytes.subarray(start, end));
    const text = this.bytes.toString('latin1', start, end);
    return kind === NUMBER ? String(Number(text)) : text;
  }
}
