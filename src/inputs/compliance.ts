/**
 * What every input owes the engine, as checks that the test of each input runs: each record is pushed once or dropped with a reason,
 * stopping waits until all that was taken is settled, stopping twice is stopping once, nothing comes after it.
 */
import { Buffer } from 'node:buffer';
import type { Intake, RecordBatch } from '../core/record.ts';
import { originOf } from '../core/record.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import type { Input, InputContext } from './input.ts';

export interface TakenRecord {
  readonly text: string;
  readonly position: number;
  readonly line: number;
  readonly record: number;
  readonly sourceId: string;
  readonly path: string;
}

/** An intake that keeps what it is given; batches settle at once, or when `release` is called. */
export class CollectingIntake implements Intake {
  pressure = 0;
  readonly records: TakenRecord[] = [];
  batches = 0;
  /** True: batches stay unsettled until `release`. */
  holding = false;
  readonly #held: { readonly batch: RecordBatch; readonly settle: () => void }[] = [];
  #watchers: (() => void)[] = [];

  push(batch: RecordBatch): Promise<void> {
    this.batches++;
    for (let i = 0; i < batch.count; i++) this.records.push(takeRecord(batch, i));
    for (const watcher of this.#watchers.splice(0)) watcher();
    if (!this.holding) return Promise.resolve();
    return new Promise((settle) => this.#held.push({ batch, settle }));
  }

  release(): void {
    this.holding = false;
    for (const { settle } of this.#held.splice(0)) settle();
  }

  get heldBatches(): number {
    return this.#held.length;
  }

  /** Resolves when `count` records have come. The test's own time limit ends a wait in vain. */
  async received(count: number): Promise<void> {
    while (this.records.length < count) {
      await new Promise<void>((resolve) => {
        this.#watchers.push(resolve);
      });
    }
  }

  get texts(): string[] {
    return this.records.map(({ text }) => text);
  }
}

function takeRecord(batch: RecordBatch, index: number): TakenRecord {
  const start = batch.ranges[2 * index] ?? 0;
  const end = batch.ranges[2 * index + 1] ?? 0;
  const { position, line, record, source } = originOf(batch, index);
  const text = Buffer.from(batch.bytes.subarray(start, end)).toString();
  return { text, position, line, record, sourceId: source.id, path: source.path };
}

export interface TestContext extends InputContext {
  readonly intake: CollectingIntake;
  /** Codes given to `report`, in order. */
  readonly reported: string[];
}

export function testContext(more: Partial<InputContext> = {}): TestContext {
  const reported: string[] = [];
  return {
    name: 'test',
    counters: new ComponentCounters('input', 'test'),
    instanceId: 'instance-1',
    now: () => 1_700_000_000_000,
    ...more,
    intake: new CollectingIntake(),
    report: (code) => {
      reported.push(code);
    },
    reported,
  };
}

/** @throws Error when a record was lost or counted twice. */
export function assertConservation(context: TestContext): void {
  const { counts, dropped } = context.counters.snapshot();
  const [received, pushed, settled] = ['received_records', 'pushed_records', 'settled_records'].map(
    (n) => counts[n] ?? 0,
  );
  const given = Object.values(dropped).reduce((sum, n) => sum + n, 0);
  if (received !== (pushed ?? 0) + given || pushed !== context.intake.records.length || pushed !== settled)
    throw new Error(
      `received ${received}, pushed ${pushed}, settled ${settled}, dropped ${given}, taken ${context.intake.records.length}`,
    );
  const keys = new Set(context.intake.records.map(({ sourceId, position }) => `${sourceId} ${position}`));
  if (keys.size !== context.intake.records.length) throw new Error('two records have the same source id and position');
}

/**
 * Starts the input, lets `send` give it records, and stops it while the last of them are still unsettled.
 * @param expected records that must arrive
 * @throws Error when the input breaks its contract
 */
export async function assertCompliance(
  input: Input,
  context: TestContext,
  send: (boundAddress: string) => Promise<void>,
  expected: number,
): Promise<void> {
  await input.start();
  context.intake.holding = true;
  const sending = send(input.boundAddress);
  await context.intake.received(expected);
  const stopped: string[] = [];
  const first = input.stop().then(() => stopped.push('first'));
  const second = input.stop().then(() => stopped.push('second'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (stopped.length > 0) throw new Error('stop resolved before all was settled');
  context.intake.release();
  await Promise.all([first, second, sending]);
  await input.stop();
  assertConservation(context);
}
