/** Standard input: read to its end; gzip and zstd are inflated. Cannot be replayed, so records are numbered. */
import type { Readable } from 'node:stream';
import { type Static, Type } from 'typebox';
import { InflateError, inflateDetected } from '../frame/inflate-stream.ts';
import { createFramer, FRAMING_NAMES } from '../frame/registry.ts';
import { BatchWriter } from './batch-writer.ts';
import { countDrop, type DropReason } from './drop-reasons.ts';
import type { Input, InputAddress, InputContext, InputKind } from './input.ts';
import { maxRecordBytes, RECORD_OPTIONS, recordSource } from './record-source.ts';

const stdinOptions = Type.Object(
  {
    ...RECORD_OPTIONS,
    framing: Type.Union(
      FRAMING_NAMES.map((name) => Type.Literal(name)),
      { default: 'auto', description: 'how records are told apart' },
    ),
    pending_bytes: Type.Integer({
      default: 33_554_432,
      minimum: 65_536,
      'x-unit': 'bytes',
      description: 'records read and not settled; beyond it reading waits',
    }),
  },
  { additionalProperties: false },
);
type StdinOptions = Static<typeof stdinOptions>;

const LIMITS = { maxBytes: Number.POSITIVE_INFINITY, maxRatio: 10_000, maxWindowBytes: 128 << 20 };
const PRESSURE_POLL_MS = 20;

export const stdinInput: InputKind = {
  protocol: 'stdin',
  summary: 'standard input, to its end',
  example: 'stdin:',
  transports: [],
  options: stdinOptions,
  create: (address, context) => createStdinInput(address, context, process.stdin),
};

/** @param stream injected by tests */
export function createStdinInput(address: InputAddress, context: InputContext, stream: Readable): Input {
  const options = address.options as StdinOptions;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let begin: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return {
    async start() {
      running = read(stream, context, options, () => stopped);
      running.catch(() => {});
      begin();
    },
    async stop() {
      stopped = true;
      begin();
      if (!stream.readableEnded) stream.destroy();
      await running;
    },
    finished: started.then(() => running),
    boundAddress: 'stdin',
  };
}

async function read(
  stream: Readable,
  context: InputContext,
  options: StdinOptions,
  stopped: () => boolean,
): Promise<void> {
  const id = `${context.instanceId}/${context.name}`;
  const source = recordSource(context, options, { path: 'stdin', id, replayable: false });
  const writer = new BatchWriter(context, source);
  const framer = createFramer(options.framing, { maxRecordBytes: maxRecordBytes(context, options) });
  const drop = (reason: DropReason, sample?: Uint8Array): void => countDrop(context, reason, sample);
  try {
    for await (const chunk of inflateDetected(stream, LIMITS)) {
      context.counters.add('received_bytes', chunk.length);
      writer.begin(chunk);
      framer.push(chunk, writer.emit, drop);
      writer.flush();
      await writer.room(options.pending_bytes);
      while (context.intake.pressure >= 1 && !stopped()) await pause(PRESSURE_POLL_MS);
    }
  } catch (error) {
    if (error instanceof InflateError) drop(error.problem);
    // Stopping destroys the stream under the reader.
    else if (!stopped()) throw error;
  }
  framer.end(writer.emit, drop);
  writer.flush();
  await writer.settled();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
