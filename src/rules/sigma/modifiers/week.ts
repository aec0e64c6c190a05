/** `week`: the week of a timestamp field, as written; UTC for epoch numbers. ISO weeks: 53 occurs. */
import { timePart } from './time-part.ts';

export const week = timePart('week', 1, 53);
