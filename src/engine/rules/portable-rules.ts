/**
 * PortableRules: loaded Sigma rules for other threads, in shared memory. Each thread has of a rule what chooses among rules (log source, names of
 * fields); what alerts say of it is parsed when it first matches, and its predicate is made when a record of its log source is first
 * tried on it: from what the rule cache keeps of it, as in the thread that loaded it, else from the predicate as JSON.
 */
import { jsonBytes, readJsonBytes } from '../../core/json-bytes.ts';
import { pieceAt, type SharedPieces, sharedPieces } from '../../core/shared-pieces.ts';
import { shared } from '../../core/text-pool.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Predicate } from '../../ir/predicate.ts';
import { fieldNamesOf } from '../../match/rule-fields.ts';
import type { SigmaRules } from '../../rules/sigma/load.ts';
import { type PackedBody, packedPredicate } from '../../rules/sigma/packed-file.ts';

/** Rules are plain data whose numbers are finite. */
export type RuleParts = Pick<SigmaRules, 'detections' | 'correlations' | 'identifiers'>;

export interface PortableRules {
  /** JSON: a `RuleHead` for each detection. */
  readonly heads: Uint8Array;
  /** Of each detection what is said of it, as JSON, and its predicate. */
  readonly texts: SharedPieces;
  /** JSON of the others, which are few. */
  readonly rest: Uint8Array;
}

interface RuleHead extends Pick<DetectionRule, 'logsource' | 'alerts' | 'status'> {
  readonly asked: readonly string[];
  /** The predicate is a `PackedBody`. */
  readonly isPacked: boolean;
}

type RuleSayings = Pick<DetectionRule, 'details' | 'origin' | 'fields'>;
type Rest = Pick<RuleParts, 'correlations' | 'identifiers'>;

export function portableRules({ detections, correlations, identifiers }: RuleParts): PortableRules {
  const texts: Uint8Array[] = [];
  const heads = detections.map((rule): RuleHead => {
    const { details, origin, fields, logsource, alerts, status, packed } = rule;
    texts.push(jsonBytes({ details, origin, fields } satisfies RuleSayings), packed ?? jsonBytes(rule.predicate));
    const isPacked = packed !== undefined;
    return { logsource, alerts, asked: fieldNamesOf(rule), isPacked, ...(status !== undefined && { status }) };
  });
  const rest: Rest = { correlations, identifiers };
  return { heads: shared(jsonBytes(heads)), texts: sharedPieces(texts), rest: shared(jsonBytes(rest)) };
}

export function openRules({ heads, texts, rest }: PortableRules): RuleParts {
  const textAt = <T>(i: number): T => readJsonBytes(pieceAt(texts, i));
  const detections = readJsonBytes<readonly RuleHead[]>(heads).map(({ isPacked, ...head }, i): DetectionRule => {
    let sayings: RuleSayings | undefined;
    let predicate: Predicate | undefined;
    const said = (): RuleSayings => {
      sayings ??= textAt<RuleSayings>(2 * i);
      return sayings;
    };
    return {
      kind: 'detection',
      ...head,
      get details() {
        return said().details;
      },
      get origin() {
        return said().origin;
      },
      get fields() {
        return said().fields;
      },
      get predicate() {
        predicate ??= isPacked ? packedPredicate(textAt<PackedBody>(2 * i + 1)) : textAt<Predicate>(2 * i + 1);
        return predicate;
      },
    };
  });
  return { detections, ...readJsonBytes<Rest>(rest) };
}
