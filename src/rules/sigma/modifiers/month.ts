/** `month`: the month of a timestamp field, as written; UTC for epoch numbers. */
import { timePart } from './time-part.ts';

export const month = timePart('month', 1, 12);
