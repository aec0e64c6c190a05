/** What a scan of a test's own file needs, where nothing is said of limits: no problem may come up, and time stands still. */
import type { ScanOptions } from '../engine/files/scan-files.ts';

export const SCAN_OPTIONS = {
  maxRecordBytes: 1 << 20,
  timezone: 'Z',
  inflate: { maxBytes: 1 << 26, maxRatio: 100, maxWindowBytes: 1 << 20 },
  now: () => 0,
  onProgress: () => undefined,
  onDiagnostic: ({ message }) => {
    throw new Error(message);
  },
} satisfies Omit<ScanOptions, 'onFound'>;
