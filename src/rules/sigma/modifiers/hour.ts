/** `hour`: the hour of a timestamp field, as written; UTC for epoch numbers. */
import { timePart } from './time-part.ts';

export const hour = timePart('hour', 0, 23);
