/**
 * STIX object paths (stix-patterns.md section 4): the values that a path selects below one root object. Steps that do not fit
 * drop out silently; references are followed inside the same observation only.
 */
import type { EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { ObjectPath, ObjectStep } from '../ir/predicate.ts';
import type { ObservedObject, Subject } from './subject.ts';

/** What a path can select: octets below keys that end in `_hex` and `_bin`, else a value as it stands in the data. */
export type MatchValue = EventValue | Uint8Array;

/** `[*]` over reference cycles grows exponentially; beyond this many values the rest is ignored and reported. */
const MAX_SELECTED = 10_000;

export function objectValues(root: ObservedObject, path: ObjectPath, subject: Subject): readonly MatchValue[] {
  let values: MatchValue[] = [root.properties];
  for (const step of path.steps) {
    values = values.flatMap((value) => applyStep(value, step, subject));
    if (values.length > MAX_SELECTED) {
      subject.onMismatch?.('path selects too many values', values.length);
      values.length = MAX_SELECTED;
    }
  }
  return values;
}

function applyStep(value: MatchValue, step: ObjectStep, subject: Subject): readonly MatchValue[] {
  if (value instanceof Uint8Array) return [];
  if (step.kind === 'key') {
    if (!isEventObject(value) || !Object.hasOwn(value, step.name)) return [];
    return follow(step.name, value[step.name] as EventValue, subject);
  }
  if (!Array.isArray(value)) return [];
  const list = value as readonly EventValue[];
  if (step.kind === 'any') return list;
  const element = step.index >= 0 ? list[step.index] : undefined;
  return element === undefined ? [] : [element];
}

function follow(key: string, value: EventValue, subject: Subject): readonly MatchValue[] {
  if (key.endsWith('_ref')) {
    const object = typeof value === 'string' ? subject.resolve(value) : undefined;
    return object === undefined ? [] : [object.properties];
  }
  if (key.endsWith('_refs')) {
    if (!Array.isArray(value)) return [];
    const objects = value.flatMap((id) => (typeof id === 'string' ? (subject.resolve(id)?.properties ?? []) : []));
    return objects.length === 0 ? [] : [objects];
  }
  if (typeof value === 'string' && key.endsWith('_hex')) return [decoded(value, HEX, 'hex', subject)];
  if (typeof value === 'string' && key.endsWith('_bin')) return [decoded(value, BASE64, 'base64', subject)];
  return [value];
}

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Null for text that is no such encoding: present, equal to nothing, and never compared as the encoded text. */
function decoded(text: string, form: RegExp, encoding: 'hex' | 'base64', subject: Subject): Uint8Array | null {
  const packed = text.replace(/[\r\n]/g, '');
  if (form.test(packed)) return Buffer.from(packed, encoding);
  subject.onMismatch?.(`not ${encoding} text`, text);
  return null;
}
