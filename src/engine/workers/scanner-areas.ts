/** Work areas for scanners in the memory of the tables: one for each thread. */
import { allocateScanner, type ScannerBlock } from '../../scan/indicator-scanner.ts';
import type { WitnessTables } from '../../scan/witness-tables.ts';

/** None where the kernel cannot run. With one thread one area; else the main thread has one beside those of the workers. */
export function scannersFor(witnesses: WitnessTables | undefined, workers: number, inputBytes: number): ScannerBlock[] {
  if (witnesses === undefined) return [];
  const count = workers === 1 ? 1 : workers + 1;
  return Array.from({ length: count }, () => allocateScanner(witnesses.memory, witnesses.address, inputBytes));
}
