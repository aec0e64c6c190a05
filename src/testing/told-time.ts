/** The time of a record that has one, for tests of what records say of processes. */
import type { ToldTime } from '../state/process/process-event.ts';

export function toldAt(timeMs: number): ToldTime {
  return { timeMs, timeOrigin: 'field' };
}
