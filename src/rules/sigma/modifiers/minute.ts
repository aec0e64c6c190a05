/** `minute`: the minute of a timestamp field, as written; UTC for epoch numbers. */
import { timePart } from './time-part.ts';

export const minute = timePart('minute', 0, 59);
