/**
 * A log source that is said of an input: whether any loaded rule could hold for what comes from there. What is misspelled would fire
 * nothing and say nothing.
 */
import { parsePinnedSource } from '../../core/event-source.ts';
import type { LogSource } from '../../core/logsource.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { nearestName } from '../../errors/nearest.ts';
import type { InputPlan } from '../config/input-plans.ts';

const PARTS = ['product', 'category', 'service'] as const;

/** A log source as it is said: `product/category/service`. */
export interface SaidSource {
  readonly text: string;
  /** Of which input; absent: of all that is read. */
  readonly input?: string;
}

export function saidSources(plans: readonly InputPlan[]): SaidSource[] {
  return plans.flatMap(({ name, address }) => {
    const { logsource } = address.options;
    return typeof logsource === 'string' ? [{ text: logsource, input: name }] : [];
  });
}

/** Those for which no rule can hold. None where there are no rules at all. */
export function unusedSources(said: readonly SaidSource[], rules: readonly LogSource[]): Diagnostic[] {
  return said.flatMap((source) => unusedSource(source, rules) ?? []);
}

function unusedSource({ text, input }: SaidSource, rules: readonly LogSource[]): Diagnostic | undefined {
  const pinned = parsePinnedSource(text);
  // What is left open is taken from the event, and may be anything.
  const mayHold = (rule: LogSource): boolean =>
    PARTS.every((part) => pinned[part] === undefined || rule[part] === undefined || rule[part] === pinned[part]);
  if (rules.length === 0 || rules.some(mayHold)) return undefined;
  const asked = spelled(pinned);
  const nearest = nearestName(asked, new Set(rules.map(spelled)));
  const hint =
    nearest === undefined
      ? 'write product/category/service as the rules have them, "*" for what is open'
      : `did you mean "${nearest}"?`;
  const of = input === undefined ? '' : ` of input "${input}"`;
  return diagnostic('SIGMA_SOURCE_UNUSED', 'warning', `no loaded rule is for the log source "${asked}"${of}`, { hint });
}

function spelled(source: LogSource): string {
  return PARTS.map((part) => source[part] ?? '*')
    .join('/')
    .replace(/(\/\*)+$/, '');
}
