/** The loaded intelligence as the detector and the scanner need it: exact tables, witnesses in scanner memory, benign values. */
import type { IntelSet } from '../intel/intel-set.ts';
import { IndicatorMatcher } from '../match/indicator-matcher.ts';
import { allocateScanner, canRunKernel, IndicatorScanner, type ScannerBlock } from '../scan/indicator-scanner.ts';
import { ScanMemory } from '../scan/scan-memory.ts';
import type { Scanner } from '../scan/scanner.ts';
import { WitnessTables } from '../scan/witness-tables.ts';
import type { IndicatorLookup } from './detector.ts';

export interface IndicatorEngine {
  readonly lookup: IndicatorLookup;
  /** Undefined where the machine cannot run the kernel: then every record goes to the exact path. */
  readonly scanner: Scanner | undefined;
  /** Bytes of scanner memory: tables and work areas. */
  readonly scanBytes: number;
  /** True when some indicator has no witness, so that every record is a candidate. */
  readonly takesEveryRecord: boolean;
}

export function createIndicatorEngine(intel: IntelSet, inputBytes: number): IndicatorEngine {
  const { indicators: table, benign } = intel;
  const matcher = new IndicatorMatcher(table);
  const lookup: IndicatorLookup = {
    table,
    match: (observed) => matcher.match(observed),
    isBenign: (row) => benign.size > 0 && benign.isBenign(table.kindAt(row), table.valueAt(row)),
  };
  if (!canRunKernel()) return { lookup, scanner: undefined, scanBytes: 0, takesEveryRecord: true };
  const memory = new ScanMemory();
  const tables = WitnessTables.build(memory, table);
  const block: ScannerBlock = allocateScanner(memory, tables.address, inputBytes);
  return {
    lookup,
    scanner: new IndicatorScanner(block),
    scanBytes: memory.usedBytes,
    takesEveryRecord: tables.takesEveryRecord,
  };
}
