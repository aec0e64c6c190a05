/**
 * A parsed rule file as plain text in two parts: the head, which every start reads (what alerts say of the rule, its log source, the
 * fields it asks for), and the body, its detection, which is read when a record of its log source is first met. Packed are files of one
 * detection rule that says all by itself; others (several documents, correlations, filters, aggregations, placeholders, anything that
 * text would not give back as it is) are parsed each time. Unpacked it is what `parseSigmaFile` gives.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { Predicate } from '../../ir/predicate.ts';
import type { Condition, Definition, RuleMeta, SigmaDetection } from './ast.ts';
import type { ParsedFile } from './collection.ts';
import { compileConditions } from './compile.ts';
import { unresolvedPlaceholders } from './placeholders.ts';

/** JSON gives it back as it is. */
export interface PackedHead {
  readonly line: number;
  readonly meta: Omit<RuleMeta, 'custom' | 'origin'>;
  readonly logsource: SigmaDetection['logsource'];
  /** Names of the fields that the rule reads. */
  readonly asked: readonly string[];
  readonly diagnostics?: readonly Diagnostic[];
}

export interface PackedFile {
  readonly head: PackedHead;
  /** JSON of a `PackedBody`. */
  readonly body: string;
}

export interface PackedBody {
  readonly custom: RuleMeta['custom'];
  readonly definitions: readonly (readonly [string, Definition])[];
  readonly conditions: readonly Condition[];
}

/** Undefined: to be parsed each time. `fieldsOf` names the fields that a predicate reads. */
export function packFile(
  { documents, diagnostics }: ParsedFile,
  fieldsOf: (predicate: Predicate) => readonly string[],
): PackedFile | undefined {
  const [first] = documents;
  if (first === undefined || documents.length > 1 || first.index > 0 || first.content.kind !== 'detection')
    return undefined;
  const { rule, aggregation } = first.content.parsed;
  const { logsource, definitions, conditions, internal } = rule;
  const { custom, origin: _origin, ...meta } = rule.meta;
  if (aggregation !== undefined || internal) return undefined;
  for (const definition of definitions.values()) if (unresolvedPlaceholders(definition).length > 0) return undefined;
  const body: PackedBody = { custom, definitions: [...definitions], conditions };
  const head: PackedHead = {
    ...{ line: first.line, meta, logsource },
    asked: fieldsOf(compileConditions(conditions, definitions)),
    ...(diagnostics.length > 0 && { diagnostics }),
  };
  return isPlain(body) && isPlain(head) ? { head, body: JSON.stringify(body) } : undefined;
}

/** What a rule with this body asks of events. */
export function packedPredicate({ conditions, definitions }: PackedBody): Predicate {
  return compileConditions(conditions, new Map(definitions));
}

/** `body` is asked when the detection is; what it gives is not kept here. `packed`: JSON of it. */
export function unpackFile(file: string, head: PackedHead, body: () => PackedBody, packed: Uint8Array): ParsedFile {
  const { line, logsource, asked, diagnostics = [] } = head;
  const rule: SigmaDetection = {
    kind: 'detection',
    meta: {
      ...head.meta,
      origin: { file, line },
      get custom() {
        return Object.assign(Object.create(null) as Record<string, unknown>, body().custom);
      },
    },
    logsource,
    get definitions() {
      return new Map(body().definitions);
    },
    get conditions() {
      return body().conditions;
    },
    internal: false,
  };
  return {
    documents: [{ index: 0, line, content: { kind: 'detection', parsed: { rule, asked, packed } } }],
    diagnostics,
  };
}

/** Whether JSON gives the value back: no number that it cannot write, nothing undefined, no object with behaviour. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object': {
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isPlain);
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== null && prototype !== Object.prototype) return false;
      // As a key of what is assigned to another object it would be taken for something else.
      return !Object.hasOwn(value, '__proto__') && Object.values(value).every(isPlain);
    }
    default:
      return false;
  }
}
