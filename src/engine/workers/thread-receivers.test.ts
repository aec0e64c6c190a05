/** Sockets of workers as the main thread opens them, with workers that only answer. */
import { describe, expect, it } from 'vitest';
import type { DatagramTask, InputContext } from '../../inputs/input.ts';
import { ComponentCounters } from '../../telemetry/component-counters.ts';
import type { Generation } from '../generation.ts';
import type { ListenCommand, ReceiverCommand, ReceiverMessage } from './receiver-messages.ts';
import { ThreadReceivers } from './thread-receivers.ts';

type Answer = (worker: number, command: ReceiverCommand) => readonly ReceiverMessage[];

function threads(
  answer: Answer,
  version = '22.12.0',
): { readonly receivers: ThreadReceivers; readonly asked: string[] } {
  const takers = new Map<number, (message: ReceiverMessage) => void>();
  const asked: string[] = [];
  const command = (worker: number, what: ReceiverCommand): void => {
    asked.push(`${what.kind} ${worker}`);
    for (const message of answer(worker, what)) takers.get(worker)?.(message);
  };
  const pool = {
    ...{ size: 2, id: 7, command },
    onReceiver: (worker: number, _: number, take?: (message: ReceiverMessage) => void) => {
      if (take !== undefined) takers.set(worker, take);
    },
    listen: (worker: number, rest: Omit<ListenCommand, 'kind' | 'staging'>) =>
      command(worker, { kind: 'listen', staging: new SharedArrayBuffer(0), ...rest }),
  };
  const receivers = new ThreadReceivers({ pool } as unknown as Generation, {
    ...{ pressure: new SharedArrayBuffer(4), version, onFailed: () => undefined },
    deliver: async () => undefined,
  });
  return { receivers, asked };
}

const task: DatagramTask = {
  ...{ host: '127.0.0.1', port: 0, receiveBufferBytes: 4096 },
  source: { input: 'in', path: 'udp://x', id: 'me/in', replayable: false, timezone: 'Z' },
  limits: { maxRecordBytes: 1024, maxInflatedBytes: 1024, chunkBytes: 1024, pendingBytes: 1024 },
};

function context(): {
  readonly context: InputContext;
  readonly reported: string[];
  readonly counters: ComponentCounters;
} {
  const reported: string[] = [];
  const counters = new ComponentCounters('input', 'in');
  const report = (code: string, message: string): void => void reported.push(`${code} ${message}`);
  const rest = { name: 'in', instanceId: 'me', now: () => 0, intake: { pressure: 0, push: async () => undefined } };
  return { context: { ...rest, counters, report }, reported, counters };
}

const snapshot = (records: number, queue: number): Extract<ReceiverMessage, { readonly kind: 'counted' }> =>
  ({
    ...{ listener: 0, kind: 'counted', counts: {}, detectorCounts: {} },
    snapshot: {
      ...{ component: 'input', name: 'in', dropped: { empty: 1 }, errors: {} },
      ...{ counts: { received_records: records }, gauges: { kernel_queue_bytes: queue, receive_buffer_bytes: 9 } },
    },
  }) as unknown as Extract<ReceiverMessage, { readonly kind: 'counted' }>;

describe('ThreadReceivers', () => {
  it('opens one socket after the other on the port that the first was given, each with an id of its own', async () => {
    const ports: number[] = [];
    const ids: string[] = [];
    const { receivers, asked } = threads((_, command) => {
      if (command.kind !== 'listen') return [{ listener: 0, kind: 'stopped' }];
      ports.push(command.task.port);
      ids.push(command.task.source.id);
      return [{ listener: 0, kind: 'listening', port: 4242 }];
    });
    const open = await receivers.open(task, context().context);
    expect(open?.port).toBe(4242);
    expect(ports).toEqual([0, 4242]);
    expect(ids).toEqual(['me/in/7.0', 'me/in/7.1']);
    await open?.stop();
    expect(asked).toEqual(['listen 0', 'listen 1', 'stop 0', 'stop 1']);
  });

  it('leaves the input to receive by itself where the system cannot share ports, and says so', async () => {
    const { receivers } = threads((_, command) =>
      command.kind === 'listen' ? [{ listener: 0, kind: 'refused', code: 'ENOTSUP', message: 'bind ENOTSUP' }] : [],
    );
    const told = context();
    expect(await receivers.open(task, told.context)).toBeUndefined();
    expect(told.reported).toEqual([
      'ENV_NO_SHARED_PORT sockets cannot share port 0 on this system: one thread receives',
    ]);
  });

  it('opens nothing under versions of Node.js that would ignore what is asked', async () => {
    const { receivers, asked } = threads(() => [], '20.20.2');
    expect(await receivers.open(task, context().context)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('closes what it has opened when another socket is refused', async () => {
    const { receivers, asked } = threads((worker, command) => {
      if (command.kind !== 'listen') return [{ listener: 0, kind: 'stopped' }];
      return worker === 0
        ? [{ listener: 0, kind: 'listening', port: 4242 }]
        : [{ listener: 0, kind: 'refused', code: 'EADDRINUSE', message: 'address "127.0.0.1:4242" is already in use' }];
    });
    await expect(receivers.open(task, context().context)).rejects.toThrow('is already in use');
    expect(asked).toEqual(['listen 0', 'listen 1', 'stop 0']);
  });

  it('adds up what the workers count', async () => {
    const told = context();
    const { receivers } = threads((worker, command) => {
      if (command.kind !== 'listen') return [snapshot(10 * (worker + 1) + 5, 100), { listener: 0, kind: 'stopped' }];
      return [{ listener: 0, kind: 'listening', port: 4242 }, snapshot(10 * (worker + 1), 100)];
    });
    const open = await receivers.open(task, told.context);
    await open?.stop();
    const { counts, dropped, gauges } = told.counters.snapshot();
    expect(counts.received_records).toBe(15 + 25);
    expect(dropped.empty).toBe(2);
    expect(gauges).toEqual({ kernel_queue_bytes: 200, receive_buffer_bytes: 9 });
  });
});
