/**
 * The alert's way out: encoded once per format, queued for every output, delivered with retries. `deliver` settles when each output
 * has the alerts, holds them on disk, or has counted them as dropped.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describeAddress } from '../config/address.ts';
import { encodeWithin } from '../encode/fit.ts';
import { ENCODERS } from '../encode/registry.ts';
import type { EncodeOptions, Encoder, OutgoingAlert } from '../encode/encoder.ts';
import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { diagnostic } from '../errors/diagnostic.ts';
import { suggestion } from '../errors/nearest.ts';
import { Delivery } from '../sinks/delivery.ts';
import { SINK_KINDS } from '../sinks/registry.ts';
import type { OutgoingMessage, SinkAddress, SinkKind } from '../sinks/sink.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import { located } from './config/load-config.ts';
import { planComponent, withDistinctNames } from './config/component-plan.ts';

/** One configured output, checked and not yet open. */
export interface OutputPlan {
  readonly name: string;
  readonly kind: SinkKind;
  readonly address: SinkAddress;
  readonly encoder: Encoder;
}

export interface OutputPlans {
  readonly plans: readonly OutputPlan[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Each entry checked against its protocol; the diagnostics of all, so that one start shows everything that is wrong. */
export function planOutputs(
  entries: readonly (string | Readonly<Record<string, unknown>>)[],
  locate: (path: string) => Span | undefined = () => undefined,
): OutputPlans {
  const diagnostics: Diagnostic[] = [];
  const plans = entries.flatMap((entry, i): OutputPlan[] => {
    const where = `outputs[${i}]`;
    const component = planComponent(entry, where, SINK_KINDS, { defaults: {}, ownKeys: ['format'] });
    diagnostics.push(...located(component.diagnostics, locate(`outputs.${i}`)));
    if (component.plan === undefined) return [];
    const { name, kind, address, own } = component.plan;
    const format = String(own.format ?? kind.defaultFormat);
    const names = kind.formats ?? ENCODERS.map((candidate) => candidate.name);
    const encoder = ENCODERS.find((candidate) => candidate.name === format && names.includes(format));
    if (encoder !== undefined) return [{ name, kind, address, encoder }];
    const message = `unknown format "${format}" of "${kind.protocol}" in ${where}${suggestion(format, names)}`;
    const problem = diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint: `known formats: ${names.join(', ')}` });
    diagnostics.push(...located([problem], locate(`outputs.${i}`)));
    return [];
  });
  return { plans: withDistinctNames(plans), diagnostics };
}

export interface OutputsOptions {
  readonly encode: EncodeOptions;
  readonly logger: Logger;
  readonly allowPrivateAddresses: boolean;
  /** Folder for the disk queues; absent: memory only. */
  readonly queueFolder?: string;
  readonly queueBytes: number;
}

/** With its id, which can be had without the record. */
type DeliveredAlert = OutgoingAlert & { readonly id: string };

interface Output {
  readonly plan: OutputPlan;
  readonly counters: ComponentCounters;
  readonly delivery: Delivery;
  readonly maxBodyBytes: number;
}

export class Outputs {
  readonly #outputs: readonly Output[];
  readonly #encode: EncodeOptions;

  private constructor(outputs: readonly Output[], encode: EncodeOptions) {
    this.#outputs = outputs;
    this.#encode = encode;
  }

  static async open(plans: readonly OutputPlan[], options: OutputsOptions): Promise<Outputs> {
    const outputs: Output[] = [];
    for (const plan of plans) outputs.push(await openOutput(plan, options));
    return new Outputs(outputs, options.encode);
  }

  get plans(): readonly OutputPlan[] {
    return this.#outputs.map((output) => output.plan);
  }

  get counters(): readonly ComponentCounters[] {
    return this.#outputs.map((output) => output.counters);
  }

  /** Never rejects: what cannot be delivered is counted by its output. */
  async deliver(alerts: readonly DeliveredAlert[]): Promise<void> {
    if (alerts.length === 0) return;
    await Promise.all(this.#outputs.map((output) => output.delivery.enqueue(this.#messages(output, alerts))));
  }

  /** Makes of alerts what outputs would be given, for none of them. */
  rehearse(alerts: readonly DeliveredAlert[]): void {
    for (const { plan, maxBodyBytes } of this.#outputs)
      for (const outgoing of alerts) encodeWithin(plan.encoder, outgoing, this.#encode, maxBodyBytes);
  }

  /** Delivers what is queued for at most `deadlineMs`; resolves with the messages left on disk. */
  async close(deadlineMs: number): Promise<number> {
    const left = await Promise.all(this.#outputs.map((output) => output.delivery.close(deadlineMs)));
    return left.reduce((sum, count) => sum + count, 0);
  }

  #messages(output: Output, alerts: readonly DeliveredAlert[]): OutgoingMessage[] {
    return alerts.map((outgoing) => {
      const { body, reduced } = encodeWithin(output.plan.encoder, outgoing, this.#encode, output.maxBodyBytes);
      if (reduced) output.counters.add('reduced');
      return { id: outgoing.id, body };
    });
  }
}

async function openOutput(plan: OutputPlan, options: OutputsOptions): Promise<Output> {
  const counters = new ComponentCounters('sink', plan.name);
  const traits = plan.kind.traits(plan.address.transport, plan.address.options);
  const sink = plan.kind.open(plan.address, {
    name: plan.name,
    now: Date.now,
    contentType: plan.encoder.contentType,
    allowPrivateAddresses: options.allowPrivateAddresses,
  });
  const spooled = traits.queued && options.queueFolder !== undefined;
  const delivery = await Delivery.open({
    sink,
    counters,
    logger: options.logger,
    now: Date.now,
    random: Math.random,
    sleep,
    attempts: traits.attempts,
    ...(spooled && {
      spool: {
        directory: join(options.queueFolder as string, folderName(plan)),
        maxBytes: options.queueBytes,
        sync: 'never' as const,
      },
    }),
  });
  return { plan, counters, delivery, maxBodyBytes: traits.maxBodyBytes };
}

/** The queue belongs to the destination: another address begins with an empty queue, whatever its name. */
function folderName(plan: OutputPlan): string {
  const key = `${describeAddress(plan.address)} ${plan.encoder.name}`;
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
