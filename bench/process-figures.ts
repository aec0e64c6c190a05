/** What the kernel says of a running process: its processor time and its memory (`/proc`, proc(5)). Linux. Throws ENOENT once it has ended. */
import { readFileSync } from 'node:fs';

/** Of all Linux systems that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of all its threads, or of one. */
export interface ProcessorTimes {
  readonly user: number;
  readonly system: number;
}

export function processorTimes(pid: number, thread?: number): ProcessorTimes {
  const stat = readFileSync(`/proc/${pid}/${thread === undefined ? '' : `task/${thread}/`}stat`, 'utf8');
  // The name in front of them may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

/** User and system together. */
export function processorSeconds(pid: number, thread?: number): number {
  const { user, system } = processorTimes(pid, thread);
  return user + system;
}

/** 0 where it has just ended. */
export function memoryOf(pid: number): { readonly residentBytes: number; readonly peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytesOf = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { residentBytes: bytesOf('VmRSS'), peakBytes: bytesOf('VmHWM') };
}
