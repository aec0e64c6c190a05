import { expect, it } from 'vitest';
import { SETTLED } from '../core/record.ts';
import { emptyRecord } from '../frame/emitted-record.ts';
import { BatchWriter } from './batch-writer.ts';
import { testContext } from './compliance.ts';

const SOURCE = { input: 'test', path: 'test', id: 'test', replayable: false, timezone: 'Z' };
const BYTES = Buffer.from('{"a":1}');

function writerWith(push: () => Promise<void>) {
  const context = testContext();
  context.intake.push = push;
  const writer = new BatchWriter(context, SOURCE, { sequence: { next: 0 } });
  writer.begin(BYTES);
  writer.emit({ ...emptyRecord(), bytes: BYTES, start: 0, end: BYTES.length });
  writer.flush();
  return { writer, context, counts: () => context.counters.snapshot().counts };
}

it('a batch of which nothing is left is settled at once', () => {
  const { writer, counts } = writerWith(() => SETTLED);
  expect(counts()['settled_records']).toBe(1);
  expect(writer.waitingBytes).toBe(0);
});

it('a batch that is not settled yet waits with its bytes', async () => {
  let settle = (): void => undefined;
  const { writer, counts } = writerWith(
    () =>
      new Promise((resolve) => {
        settle = resolve;
      }),
  );
  expect(counts()['settled_records']).toBeUndefined();
  expect(writer.waitingBytes).toBe(BYTES.length);
  settle();
  await writer.settled();
  expect(counts()['settled_records']).toBe(1);
  expect(writer.waitingBytes).toBe(0);
});

it.each([
  [
    'at once',
    () => {
      throw new Error('broken');
    },
  ],
  ['later', () => Promise.reject(new Error('broken'))],
])('an intake that fails %s is told of and acknowledges nothing', async (_when, push) => {
  const { writer, context, counts } = writerWith(push);
  await expect(writer.settled()).rejects.toThrow('broken');
  expect(context.reported).toEqual(['ENV_INTAKE_FAILED']);
  expect(counts()['settled_records']).toBeUndefined();
  expect(writer.waitingBytes).toBe(0);
});
