/** The RecordSource of a scanned file. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { RecordSource } from '../../core/record.ts';
import type { ListedFile } from './list-files.ts';

export type FileSource = RecordSource;

export interface FileSourceOptions {
  readonly timezone: string;
  /** `product/category/service` of all records, when they do not tell themselves. */
  readonly logsource?: string;
}

const HEAD_BYTES = 4096;

/** The id is made of the path and the first bytes, so that the same file gives the same alert ids in every scan. */
export function sourceOf(file: ListedFile, { timezone, logsource }: FileSourceOptions): FileSource {
  const isStdin = file.path === '-';
  const path = isStdin ? 'stdin' : file.path;
  const head = isStdin ? new Uint8Array(0) : headOf(file.path);
  const id = createHash('sha256').update(path).update('\0').update(head).digest('hex').slice(0, 32);
  return {
    input: isStdin ? 'stdin' : 'file',
    path,
    id,
    replayable: !isStdin,
    timezone,
    ...(logsource !== undefined && { logsource }),
  };
}

function headOf(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
