/** `year`: the year of a timestamp field, as written; UTC for epoch numbers. */
import { timePart } from './time-part.ts';

export const year = timePart('year', 0, 9999);
