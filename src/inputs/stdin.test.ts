import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../config/options.ts';
import { assertCompliance, assertConservation, type TestContext, testContext } from './compliance.ts';
import type { Input } from './input.ts';
import { createStdinInput, stdinInput } from './stdin.ts';

function make(stream: Readable, given: Record<string, unknown> = {}): { input: Input; context: TestContext } {
  const { values } = checkOptions(stdinInput.options, given, 'test');
  const context = testContext();
  const address = { protocol: 'stdin', transport: '', host: '', port: 0, path: '', options: values };
  return { input: createStdinInput(address, context, stream), context };
}

describe('stdin', () => {
  it('keeps the contract of inputs', async () => {
    const stream = new PassThrough();
    const { input, context } = make(stream);
    const send = async (): Promise<void> => {
      stream.write('{"a":1}\n{"b":2}\n');
    };
    await assertCompliance(input, context, send, 2);
    expect(context.intake.records.map((r) => [r.text, r.path, r.position, r.line])).toEqual([
      ['{"a":1}', 'stdin', 0, 1],
      ['{"b":2}', 'stdin', 8, 2],
    ]);
  });

  it('reads to the end, inflating what is compressed', async () => {
    const { input, context } = make(Readable.from([gzipSync('[{"a":1},{"b":2}]\nlast')], { objectMode: false }));
    await input.start();
    await input.finished;
    expect(context.intake.texts).toEqual(['{"a":1}', '{"b":2}', 'last']);
    assertConservation(context);
  });

  it('counts damaged compression and keeps what came before', async () => {
    const gzip = gzipSync(Array.from({ length: 20_000 }, (_, k) => `line ${k}`).join('\n'));
    const { input, context } = make(Readable.from([gzip.subarray(0, gzip.length - 100)], { objectMode: false }));
    await input.start();
    await input.finished;
    expect(context.counters.snapshot().dropped).toEqual({ bad_compression: 1 });
    expect(context.intake.texts.length).toBeGreaterThan(1000);
    assertConservation(context);
  });

  it('stops before it was started', async () => {
    const { input } = make(new PassThrough());
    await input.stop();
  });
});
