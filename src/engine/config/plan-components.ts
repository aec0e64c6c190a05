/** The inputs and outputs of a configuration, planned together: what is wrong with any of them is told at once. */
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { type OutputPlan, planOutputs } from '../outputs.ts';
import { type InputPlan, planInputs } from './input-plans.ts';
import type { LoadedConfig } from './load-config.ts';

export interface ComponentPlans {
  readonly inputs: readonly InputPlan[];
  readonly outputs: readonly OutputPlan[];
}

/** @throws FlintError with everything that is wrong. `defaultOutputs`: used when the configuration names none. */
export function planComponents(loaded: LoadedConfig, defaultOutputs: readonly string[]): ComponentPlans {
  const inputs = planInputs(loaded.config.inputs, loaded.config.timezone, loaded.locate);
  const outputs = planOutputs(
    loaded.config.outputs.length === 0 ? defaultOutputs : loaded.config.outputs,
    loaded.locate,
  );
  const diagnostics: Diagnostic[] = [...loaded.diagnostics, ...inputs.diagnostics, ...outputs.diagnostics];
  if (loaded.config.inputs.length === 0) {
    const hint =
      'add --listen gelf+udp://127.0.0.1:12201, or inputs: to the configuration; flint demo shows a running example';
    diagnostics.push(diagnostic('CONFIG_BAD_USAGE', 'error', 'no input is configured', { hint }));
  }
  if (diagnostics.some((problem) => problem.severity === 'error')) throw new FlintError(diagnostics);
  return { inputs: inputs.plans, outputs: outputs.plans };
}

export function samePlan(a: InputPlan, b: InputPlan): boolean {
  return a.name === b.name && JSON.stringify(a.address) === JSON.stringify(b.address);
}

export function samePlans(a: readonly OutputPlan[], b: readonly OutputPlan[]): boolean {
  const key = (plan: OutputPlan): string => JSON.stringify([plan.name, plan.address, plan.encoder.name]);
  return a.length === b.length && a.every((plan, i) => key(plan) === key(b[i] as OutputPlan));
}
