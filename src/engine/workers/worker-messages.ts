/** What main thread and matching workers say to each other. One task at a time for each worker. */
import type { RecordSource } from '../../core/record.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { UrlIndexColumns } from '../../match/indicator-url-index.ts';
import type { SieveShare } from '../../scan/sieve-options.ts';
import type { ScannerBlock } from '../../scan/indicator-scanner.ts';
import type { LiteralPlan } from '../../scan/literal-plan.ts';
import type { DetectorCounts } from '../detector.ts';
import type { MatchingSettings } from '../matching-parts.ts';
import type { ProcessorCounts } from '../processor.ts';
import type { AlertBlock } from './alert-block.ts';
import type { PreparedRecords } from './prepared-records.ts';
import type { Piece, UnitEnd } from '../files/scan-jobs.ts';
import type { UnitTask } from '../files/scan-unit.ts';
import type { SharedColumns } from '../intel/shared-intel.ts';
import type { PortableLayer } from '../rules/pattern-layer.ts';
import type { LayerMerge } from '../rules/pattern-layers.ts';
import type { PortableRules } from '../rules/portable-rules.ts';

/** `workerData` of a matching worker. */
export interface WorkerStart {
  readonly indicators: SharedColumns;
  readonly benign: SharedColumns;
  readonly urls: UrlIndexColumns;
  readonly scanner: ScannerBlock;
  readonly settings: MatchingSettings;
  /** Compiled patterns; their literals stand in the scanner's memory, as everywhere here. */
  readonly patterns: PortableLayer;
  readonly sigma: PortableRules;
  /** What the main thread learns of kinds of records; absent: the worker learns for itself. */
  readonly sieve?: SieveShare;
  /** The main thread may ask for the events of alerts, not only for their lines. */
  readonly withEvents: boolean;
}

/** A batch whose bytes the main thread has written to the worker's scanner input. */
export interface BatchTask {
  readonly kind: 'batch';
  readonly source: RecordSource;
  readonly byteLength: number;
  readonly count: number;
  readonly ranges: Uint32Array;
  readonly positions?: Float64Array;
  readonly lines?: Float64Array;
  readonly basePosition: number;
  readonly baseRecord: number;
  readonly arrivalMs: number;
}

/** A range of a file, or a file as a whole; what comes of it may be told in pieces. */
export interface ScanTask extends UnitTask {
  readonly kind: 'unit';
}

/** A piece was taken: one more may be told. */
export interface MoreMessage {
  readonly kind: 'more';
}

export type WorkerTask = BatchTask | ScanTask;

/** A change of the indicators, as it stands in the log of the store; not answered. */
export interface RowsMessage {
  readonly kind: 'rows';
  readonly entry: Uint8Array;
  /** Of the patterns in it; absent: the worker has them already. */
  readonly layer?: PortableLayer;
}

/** Other patterns alone; not answered. */
export interface PatternsMessage {
  readonly kind: 'patterns';
  /** Keys. */
  readonly removed: readonly string[];
  readonly layer: PortableLayer;
}

/** Layers of patterns have become one; answered by `WorkerSwapped`. */
export interface MergePatternsMessage {
  readonly kind: 'merge-patterns';
  readonly merge: LayerMerge;
}

/** A new base and what came after it was begun; answered by `WorkerSwapped`. */
export interface SwapMessage {
  readonly kind: 'swap';
  readonly indicators: SharedColumns;
  readonly benign: SharedColumns;
  readonly urls: UrlIndexColumns;
  readonly scanner: ScannerBlock;
  /** Of each layer of patterns, in the memory of the scanner. */
  readonly literals: readonly (LiteralPlan | undefined)[];
  readonly since: readonly Uint8Array[];
}

export type WorkerNews = RowsMessage | PatternsMessage | MergePatternsMessage | SwapMessage | MoreMessage;

export interface ProblemSample {
  readonly code: ErrorCode;
  readonly input: string;
  readonly sample: Uint8Array;
}

export interface TaskResult {
  /** In the order of the input; those of a range count lines and records from its start. */
  readonly found: AlertBlock | undefined;
  /** Of a batch, where rules keep state: what the main thread is to complete, in the order of batches. */
  readonly prepared: PreparedRecords;
  /** Of a scan task that is at its end. */
  readonly end?: UnitEnd;
  readonly problems: readonly ProblemSample[];
  /** Counted since the worker began. */
  readonly counts: ProcessorCounts;
  readonly detectorCounts: DetectorCounts;
}

export type WorkerAnswer =
  | { readonly ok: true; readonly result: TaskResult }
  /** `code`: of an error of the operating system. */
  | { readonly ok: false; readonly error: string; readonly code?: string };

/** Of the task that the worker is at; answered by `MoreMessage` when it is taken. */
export interface WorkerPiece {
  readonly piece: Piece;
}

/** The worker uses nothing any more of what it has exchanged. */
export interface WorkerSwapped {
  readonly swapped: true;
}
