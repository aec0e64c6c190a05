/** What main thread and workers say to each other about sockets that workers receive on. */
import type { DatagramTask } from '../../inputs/input.ts';
import type { ComponentSnapshot } from '../../telemetry/component-counters.ts';
import type { TaskResult } from './worker-messages.ts';

export type WorkerCounts = Pick<TaskResult, 'counts' | 'detectorCounts'>;

/** Opens a socket; answered by `listening` or `refused`. */
export interface ListenCommand {
  readonly kind: 'listen';
  readonly listener: number;
  readonly task: DatagramTask;
  readonly instanceId: string;
  /** From now on the main thread writes batches here: the worker uses its scanner's input by itself. */
  readonly staging: SharedArrayBuffer;
  /** Thousandths of the pressure that the whole engine is under. */
  readonly pressure: SharedArrayBuffer;
}

/** A batch of the worker's is settled. */
export interface SettledCommand {
  readonly kind: 'settled';
  readonly listener: number;
  readonly batch: number;
}

/** Lets nothing more in; answered by `stopped` when everything that had come is settled. */
export interface StopCommand {
  readonly kind: 'stop';
  readonly listener: number;
}

export type ReceiverCommand = ListenCommand | SettledCommand | StopCommand;

export type ReceiverMessage = { readonly listener: number } & (
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** What came of a batch; answered by `settled`. Batches that nothing came of are settled by the worker itself. */
  | ReceivedBatch
  | { readonly kind: 'failed'; readonly records: number; readonly reason: string }
  | { readonly kind: 'report'; readonly code: string; readonly message: string; readonly sample?: Uint8Array }
  /** Every second, and before `stopped`. */
  | ({ readonly kind: 'counted'; readonly snapshot: ComponentSnapshot } & WorkerCounts)
  | { readonly kind: 'stopped' }
);

export interface ReceivedBatch {
  readonly kind: 'received';
  readonly batch: number;
  readonly bytes: number;
  readonly arrivalMs: number;
  readonly result: TaskResult;
}
