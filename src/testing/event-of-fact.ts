/** A fact read from bytes as the event that decoding the record would give: what tests compare. */
import type { ProcessEvent } from '../state/process/process-event.ts';
import type { ProcessFact } from '../state/process/process-fact.ts';
import { pidText } from '../state/process/process-ids.ts';
import { FIELD_NAMES } from '../state/process/process-rows.ts';
import { NO_TEXT, type TextStore } from '../state/process/text-store.ts';

/** The fact as an event; its host in lower case. */
export function eventOfFact(fact: ProcessFact, texts: TextStore): ProcessEvent {
  const { kind, timeMs, guid, parentGuid } = fact;
  const parentPid = pidText(fact.parentPid, texts);
  return {
    kind,
    timeMs,
    ...(fact.isTimeAssumed && { isTimeAssumed: true }),
    host: texts.textOf(fact.host),
    pid: pidText(fact.pid, texts) ?? '',
    ...(guid !== NO_TEXT && { guid: texts.textOf(guid) }),
    ...(parentPid !== undefined && { parentPid }),
    ...(parentGuid !== NO_TEXT && { parentGuid: texts.textOf(parentGuid) }),
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
