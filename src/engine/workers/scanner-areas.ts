/** Work areas for scanners in the memory of the tables: one for each thread. */
import { allocateScanner, type ScannerBlock } from '../../scan/indicator-scanner.ts';
import type { WitnessTables } from '../../scan/witness-tables.ts';

/** None where the kernel cannot run. */
export function scannersFor(witnesses: WitnessTables | undefined, threads: number, inputBytes: number): ScannerBlock[] {
  if (witnesses === undefined) return [];
  return Array.from({ length: threads }, () => allocateScanner(witnesses.memory, witnesses.address, inputBytes));
}
