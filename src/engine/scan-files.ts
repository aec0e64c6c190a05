/**
 * `scan`: the same engine over files and standard input. Every file is read by its content (compressed or not, lines, JSON in any
 * arrangement); records and bytes are counted, a file without records is counted as such, one that cannot be read is reported
 * and the others go on.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Intake, RecordSource } from '../core/record.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import type { InflateLimits } from '../frame/compression.ts';
import { BatchWriter } from '../inputs/batch-writer.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import { scanLineFile, sniffLines } from './line-file.ts';
import type { ListedFile } from './list-files.ts';
import type { FoundAlert, Processor } from './processor.ts';
import { type ReadProblem, readRecords } from './record-reader.ts';

export interface ScanOptions {
  readonly maxRecordBytes: number;
  readonly timezone: string;
  readonly inflate: InflateLimits;
  readonly now: () => number;
  /** Alerts of one record, in the order of the input; waits for slow readers of the output. */
  readonly onFound: (found: readonly FoundAlert[]) => Promise<void>;
  readonly onProgress: (doneBytes: number, records: number) => void;
  readonly onDiagnostic: (problem: Diagnostic) => void;
}

export interface ScanSummary {
  readonly files: number;
  readonly filesWithoutRecords: number;
  readonly filesUnreadable: number;
  readonly records: number;
  /** Bytes of records, inflated. */
  readonly recordBytes: number;
  /** Bytes of the files as stored. */
  readonly fileBytes: number;
  readonly dropped: Readonly<Record<string, number>>;
}

export async function scanFiles(
  files: readonly ListedFile[],
  processor: Processor,
  options: ScanOptions,
): Promise<ScanSummary> {
  const dropped = new Map<string, number>();
  let filesWithoutRecords = 0;
  let filesUnreadable = 0;
  let doneBytes = 0;
  for (const file of files) {
    const before = processor.counts.records;
    try {
      await scanFile(file, doneBytes, processor, options, dropped);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      filesUnreadable++;
      options.onDiagnostic(diagnostic('ENV_FILE_UNREADABLE', 'error', `file "${file.path}" cannot be read: ${code}`));
    }
    if (processor.counts.records === before) filesWithoutRecords++;
    doneBytes += file.bytes;
  }
  return {
    files: files.length,
    filesWithoutRecords,
    filesUnreadable,
    records: processor.counts.records,
    recordBytes: processor.counts.bytes,
    fileBytes: doneBytes,
    dropped: Object.fromEntries(dropped),
  };
}

async function scanFile(
  file: ListedFile,
  doneBytes: number,
  processor: Processor,
  options: ScanOptions,
  dropped: Map<string, number>,
): Promise<void> {
  const source = sourceOf(file, options.timezone);
  const drop = (reason: string): void => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  const framing =
    processor.scanner === undefined || file.path === '-' ? undefined : sniffLines(file.path, options.maxRecordBytes);
  if (framing === undefined) return scanExactly(file, doneBytes, source, processor, options, drop, -1);
  const before = { ...processor.counts };
  let bytes = 0;
  const result = await scanLineFile(file.path, framing, source, processor, {
    maxRecordBytes: options.maxRecordBytes,
    arrivalMs: options.now(),
    onDrop: drop,
    onFound: options.onFound,
    onProgress: (consumed) => {
      bytes += consumed;
      options.onProgress(doneBytes + bytes, processor.counts.records);
    },
  });
  if (result.irregularAfter === undefined) return;
  Object.assign(processor.counts, before);
  await scanExactly(file, doneBytes, source, processor, options, drop, result.irregularAfter);
}

/** Every record by the framers; alerts of records up to `reportedThrough` were given before and are left out. */
async function scanExactly(
  file: ListedFile,
  doneBytes: number,
  source: RecordSource,
  processor: Processor,
  options: ScanOptions,
  drop: (reason: ReadProblem) => void,
  reportedThrough: number,
): Promise<void> {
  const arrivalMs = options.now();
  let found: FoundAlert[] = [];
  const intake: Intake = {
    pressure: 0,
    push: async (batch) => {
      found.push(...processor.process(batch, arrivalMs));
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
    if (ready.length > 0) await options.onFound(ready.filter(({ event }) => event.origin.position > reportedThrough));
  };
  await readRecords(file.path === '-' ? process.stdin : file.path, options, {
    begin: (chunk) => writer.begin(chunk),
    emit: writer.emit,
    drop,
    progress: (bytes) => options.onProgress(doneBytes + bytes, processor.counts.records),
    settle: give,
  });
  await give();
}

/** The id is made of the first bytes and the name, so that the same file gives the same alert ids wherever it is scanned. */
export function sourceOf(file: ListedFile, timezone: string): RecordSource {
  const isStdin = file.path === '-';
  const path = isStdin ? 'stdin' : file.path;
  const head = isStdin ? new Uint8Array(0) : headOf(file.path);
  const id = createHash('sha256').update(path).update('\0').update(head).digest('hex').slice(0, 32);
  return { input: isStdin ? 'stdin' : 'file', path, id, replayable: !isStdin, timezone };
}

const HEAD_BYTES = 4096;

function headOf(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
