/** `day`: the day of a timestamp field, as written; UTC for epoch numbers. */
import { timePart } from './time-part.ts';

export const day = timePart('day', 1, 31);
