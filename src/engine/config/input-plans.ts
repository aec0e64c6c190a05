/** The configured inputs, checked against their protocols and not yet open. */
import type { Diagnostic, Span } from '../../errors/diagnostic.ts';
import type { InputKind } from '../../inputs/input.ts';
import { INPUT_KINDS } from '../../inputs/registry.ts';
import { located } from './load-config.ts';
import { type ComponentPlan, planComponent, withDistinctNames } from './component-plan.ts';

export type InputPlan = ComponentPlan<InputKind>;

export function planInputs(
  entries: readonly (string | Readonly<Record<string, unknown>>)[],
  timezone: string,
  locate: (path: string) => Span | undefined = () => undefined,
): { readonly plans: readonly InputPlan[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const plans = entries.flatMap((entry, i): InputPlan[] => {
    const component = planComponent(entry, `inputs[${i}]`, INPUT_KINDS, { defaults: { timezone }, ownKeys: [] });
    diagnostics.push(...located(component.diagnostics, locate(`inputs.${i}`)));
    return component.plan === undefined ? [] : [component.plan];
  });
  return { plans: withDistinctNames(plans), diagnostics };
}
