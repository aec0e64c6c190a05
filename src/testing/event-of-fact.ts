/** A fact read from bytes as the event that decoding the record would give: what tests compare. */
import type { ProcessEvent } from '../state/process/process-event.ts';
import { headOfFact, type ProcessFact } from '../state/process/process-fact.ts';
import { FIELD_NAMES } from '../state/process/process-rows.ts';
import { NO_TEXT, type TextStore } from '../state/process/text-store.ts';

/** The fact as an event; its host in lower case. */
export function eventOfFact(fact: ProcessFact, texts: TextStore): ProcessEvent {
  return {
    ...headOfFact(fact, texts),
    fields: fieldsOf(fact.fields, texts),
    parentFields: fieldsOf(fact.parentFields, texts),
  };
}

function fieldsOf(from: Uint32Array, texts: TextStore): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [i, name] of FIELD_NAMES.entries()) {
    const text = from[i] as number;
    if (text !== NO_TEXT) fields[name] = texts.textOf(text);
  }
  return fields;
}
