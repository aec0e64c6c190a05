/** One file or standard input through the framers: inflated, cut into records by content, every record scanned. */
import type { Intake } from '../../core/record.ts';
import type { InflateLimits } from '../../frame/compression.ts';
import { BatchWriter } from '../../inputs/batch-writer.ts';
import { ComponentCounters } from '../../telemetry/component-counters.ts';
import type { FileSource } from './file-source.ts';
import type { ListedFile } from './list-files.ts';
import type { Finding } from '../../alerts/finding.ts';
import type { Processor } from '../processor.ts';
import { type ReadProblem, readRecords } from './record-reader.ts';

export interface ExactFileOptions {
  readonly maxRecordBytes: number;
  readonly inflate: InflateLimits;
  readonly now: () => number;
  /** Records up to this position were examined before and are left out; -1 for none. */
  readonly reportedThrough: number;
  readonly drop: (reason: ReadProblem) => void;
  readonly onFound: (found: readonly Finding[]) => Promise<void>;
  /** Waits for slow readers of what else comes out (events with their tags); called between chunks. */
  readonly settle?: () => Promise<void>;
  /** Bytes taken of the file as stored, records so far. */
  readonly onProgress: (bytes: number, records: number) => void;
}

/** Resolves with the records of the file and their bytes. */
export async function scanExactly(
  file: ListedFile,
  source: FileSource,
  processor: Processor,
  options: ExactFileOptions,
): Promise<{ readonly records: number; readonly bytes: number }> {
  const arrivalMs = options.now();
  const { counts } = processor;
  let records = 0;
  let bytes = 0;
  let found: Finding[] = [];
  const intake: Intake = {
    pressure: 0,
    push: async (batch) => {
      const before = { ...counts };
      found.push(...processor.process(batch, arrivalMs, options.reportedThrough));
      records += counts.records - before.records;
      bytes += counts.bytes - before.bytes;
    },
  };
  const counters = new ComponentCounters('input', source.input);
  const context = {
    name: source.input,
    intake,
    counters,
    instanceId: source.id,
    now: () => arrivalMs,
    report: () => undefined,
  };
  const writer = new BatchWriter(context, source);
  const give = async (): Promise<void> => {
    writer.flush();
    const ready = found;
    found = [];
    if (ready.length > 0) await options.onFound(ready);
    await options.settle?.();
  };
  await readRecords(file.path === '-' ? process.stdin : file.path, options, {
    begin: (chunk) => writer.begin(chunk),
    emit: writer.emit,
    drop: options.drop,
    progress: (taken) => options.onProgress(taken, records),
    settle: give,
  });
  await give();
  return { records, bytes };
}
