import type { ObservationPlan } from '../../ir/observation.ts';

/** How far apart two observations of one binding can be at most, in milliseconds. */
export function planSpanMs(plan: ObservationPlan): number {
  switch (plan.kind) {
    case 'observed':
      return 0;
    case 'any':
      return Math.max(...plan.items.map(planSpanMs));
    case 'within':
      return Math.min(Number(plan.durationNs) / 1e6, planSpanMs(plan.item));
    case 'start-stop':
      return Math.min(Math.max(0, Number(BigInt(plan.stopNs) - BigInt(plan.startNs)) / 1e6), planSpanMs(plan.item));
    case 'repeats':
      return plan.times === 1 ? planSpanMs(plan.item) : Number.POSITIVE_INFINITY;
    default:
      return plan.items.length === 1 ? planSpanMs(plan.items[0] as ObservationPlan) : Number.POSITIVE_INFINITY;
  }
}
