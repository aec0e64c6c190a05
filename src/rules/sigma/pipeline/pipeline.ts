/**
 * Processing pipelines (pySigma's YAML format; sigma.md section 11): lists of items that adapt rules to an environment before they
 * are compiled. Each item has a transformation and up to three sets of conditions.
 */
import type { Definition, DetectionItem, SigmaDetection } from '../ast.ts';
import type { Expression } from '../boolean-expression.ts';
import type { SigmaCorrelation } from '../correlation-rule.ts';

export interface Pipeline {
  readonly name: string;
  /** Lower runs first. */
  readonly priority: number;
  readonly items: readonly PipelineItem[];
}

export interface PipelineItem {
  /** Its own id, or one made from its position. */
  readonly id: string;
  readonly ruleConditions: ConditionSet<RuleCondition>;
  readonly itemConditions: ConditionSet<ItemCondition>;
  readonly fieldConditions: ConditionSet<FieldCondition>;
  readonly transformation: Transformation;
}

export interface ConditionSet<T> {
  readonly conditions: ReadonlyMap<string, T>;
  readonly link: 'and' | 'or';
  readonly negated: boolean;
  /** Over the names of `conditions`; then `link` is not used. */
  readonly expression?: Expression;
}

/** What has happened to the rule so far. */
export interface PipelineRun {
  readonly rule: SigmaDetection | SigmaCorrelation;
  readonly applied: Set<string>;
  readonly state: Map<string, unknown>;
  /** Fields that mappings have renamed, and what they are called since. */
  readonly mapped: Set<string>;
  /** For correlations: whether any rule they watch satisfies a log source condition. */
  readonly watched: readonly SigmaDetection[];
}

export type RuleCondition = (run: PipelineRun) => boolean;
export type ItemCondition = (item: DetectionItem, run: PipelineRun) => boolean;
export type FieldCondition = (field: string | undefined, item: DetectionItem | undefined, run: PipelineRun) => boolean;

export type Transformation =
  /** New names of a field, or fields for keywords (undefined); undefined leaves it. */
  | { readonly kind: 'field'; names(field: string | undefined): readonly string[] | undefined }
  /** A detection item becomes another definition; undefined removes it; a problem refuses the rule. */
  | { readonly kind: 'item'; change(item: DetectionItem, run: PipelineRun): Definition | undefined | Refusal }
  /** The whole rule; may refuse it. */
  | { readonly kind: 'rule'; change(rule: SigmaDetection, run: PipelineRun): SigmaDetection | Refusal }
  | { readonly kind: 'run'; change(run: PipelineRun): void }
  | { readonly kind: 'refuse'; readonly message: string }
  | { readonly kind: 'nest'; readonly items: readonly PipelineItem[] };

export interface Refusal {
  readonly refused: string;
}

export function holds<T>(set: ConditionSet<T>, test: (condition: T) => boolean): boolean {
  if (set.conditions.size === 0) return true;
  const result = set.expression === undefined ? linked(set, test) : evaluated(set.expression, set, test);
  return result !== set.negated;
}

function linked<T>(set: ConditionSet<T>, test: (condition: T) => boolean): boolean {
  const all = [...set.conditions.values()];
  return set.link === 'and' ? all.every(test) : all.some(test);
}

function evaluated<T>(node: Expression, set: ConditionSet<T>, test: (condition: T) => boolean): boolean {
  if (node.kind === 'name') return test(set.conditions.get(node.name) as T);
  if (node.kind === 'not') return !evaluated(node.item, set, test);
  if (node.kind === 'of') return false;
  return node.kind === 'and'
    ? node.items.every((item) => evaluated(item, set, test))
    : node.items.some((item) => evaluated(item, set, test));
}
