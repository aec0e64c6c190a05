/** The events of records that people want explained or tested: framed and decoded as the engine would. */
import { readFileSync } from 'node:fs';
import type { Event } from '../../core/event.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { frameAll } from '../../frame/frame-all.ts';
import { createFramer } from '../../frame/registry.ts';
import { EventReader } from '../event-reader.ts';

export interface SampleOptions {
  /** `product/category/service` when the events do not say themselves. */
  readonly logsource?: string;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
  /** Clock at which record number `index` arrived; default: 0 for all. Counts for records without a time of their own. */
  readonly arrivalMs?: (index: number) => number;
}

/** `-` is standard input. Throws FlintError when the file cannot be read. */
export function readSampleEvents(path: string, options: SampleOptions): Event[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = `input path "${path}" cannot be read: ${code ?? message}`;
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', problem)], { cause: error });
  }
  const { records } = frameAll(createFramer('auto', { maxRecordBytes: options.maxRecordBytes }), [bytes]);
  return decodeSamples(records, path, options);
}

/** `path` stands for the file in the events' origin. */
export function decodeSamples(
  records: readonly { readonly bytes: Uint8Array; readonly position: number; readonly line: number }[],
  path: string,
  options: SampleOptions,
): Event[] {
  const counts = { candidates: 0, events: 0, timeFromArrival: 0, timeClamped: 0 };
  const settings = { limits: { maxDepth: options.maxDepth }, clampTime: false, keepOriginal: true };
  const reader = new EventReader(settings, counts, () => undefined);
  const source = {
    input: 'file',
    path,
    id: '',
    replayable: false,
    timezone: 'Z',
    ...(options.logsource !== undefined && { logsource: options.logsource }),
  };
  return records.flatMap(({ bytes: record, position, line }, index) => {
    const arrivalMs = options.arrivalMs?.(index) ?? 0;
    const origin = { source, position, line, record: index, part: 0, arrivalMs };
    return [...reader.read(record, 0, record.length, origin)];
  });
}
