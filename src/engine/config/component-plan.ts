/**
 * A configured input or output, checked against its protocol and not yet open: the address parsed, options from the address and
 * from keys beside it in one set, defaults filled in, unknown ones refused.
 */
import type { TObject } from 'typebox';
import { type AddressKind, type CheckedAddress, describeAddress, parseAddress } from '../../config/address.ts';
import { checkOptions } from '../../config/options.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';

export interface ComponentKind extends AddressKind {
  readonly options: TObject;
}

export interface ComponentPlan<Kind> {
  readonly name: string;
  readonly kind: Kind;
  readonly address: CheckedAddress;
  /** Values of the keys that are not the protocol's: `format` of outputs. */
  readonly own: Readonly<Record<string, unknown>>;
}

export interface PlanningOptions {
  /** Used for options that the protocol has and the entry does not give. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly ownKeys: readonly string[];
}

export function planComponent<Kind extends ComponentKind>(
  entry: string | Readonly<Record<string, unknown>>,
  where: string,
  kinds: readonly Kind[],
  planning: PlanningOptions,
): { readonly plan?: ComponentPlan<Kind>; readonly diagnostics: readonly Diagnostic[] } {
  const keys: Readonly<Record<string, unknown>> = typeof entry === 'string' ? { address: entry } : entry;
  const parsed = parseAddress(String(keys.address), kinds);
  if (!parsed.ok) return { diagnostics: [parsed.diagnostic] };
  const kind = kinds.find((candidate) => candidate.protocol === parsed.address.protocol);
  if (kind === undefined) return { diagnostics: [] };
  const given = { ...parsed.address.options, ...keys };
  const isOwn = (key: string): boolean => key === 'address' || key === 'name' || planning.ownKeys.includes(key);
  const options: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(planning.defaults))
    if (Object.hasOwn(kind.options.properties, key)) options[key] = value;
  for (const [key, value] of Object.entries(given)) if (!isOwn(key)) options[key] = value;
  const checked = checkOptions(kind.options, options, where);
  if (checked.diagnostics.length > 0) return { diagnostics: checked.diagnostics };
  const { protocol, host, port, path } = parsed.address;
  const transport = parsed.address.transport === '' ? (kind.transports[0] ?? '') : parsed.address.transport;
  const address = { protocol, transport, host, port, path, options: checked.values };
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => planning.ownKeys.includes(key)));
  const name = typeof keys.name === 'string' ? keys.name : describeAddress(address);
  return { plan: { name, kind, address, own }, diagnostics: [] };
}

/** Metrics and queues go by name: a second component of the same name is told apart by a number. */
export function withDistinctNames<Plan extends { readonly name: string }>(plans: readonly Plan[]): Plan[] {
  const seen = new Map<string, number>();
  return plans.map((plan) => {
    const count = (seen.get(plan.name) ?? 0) + 1;
    seen.set(plan.name, count);
    return count === 1 ? plan : { ...plan, name: `${plan.name}#${count}` };
  });
}
