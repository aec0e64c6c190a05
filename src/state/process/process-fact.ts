/**
 * ProcessFact: a ProcessEvent in numbers: texts by their place in a TextStore, process ids as words. One object is filled again and
 * again, so that a start or an exit read from bytes makes nothing new.
 */
import type { ProcessEvent, ProcessEventKind } from './process-event.ts';
import { NO_PID, pidText, pidWord } from './process-ids.ts';
import { FIELD_COUNT, FIELD_NAMES } from './process-rows.ts';
import { NO_TEXT, type TextStore } from './text-store.ts';

/** Longer values are cut. */
export const MAX_VALUE_CHARACTERS = 8_192;

export class ProcessFact {
  kind: ProcessEventKind = 'activity';
  timeMs = 0;
  /** As in ProcessEvent. */
  isTimeAssumed = false;
  /** Text of the host in lower case. */
  host = NO_TEXT;
  pid = NO_PID;
  /** Texts that stand for their GUIDs. */
  guid = NO_TEXT;
  parentPid = NO_PID;
  parentGuid = NO_TEXT;
  /** In the order of `FIELD_NAMES`; 0 for none. */
  readonly fields = new Uint32Array(FIELD_COUNT);
  readonly parentFields = new Uint32Array(FIELD_COUNT);
}

/** Texts that are new are added to the store. */
export function fillFact(fact: ProcessFact, event: ProcessEvent, texts: TextStore): ProcessFact {
  fact.kind = event.kind;
  fact.timeMs = event.timeMs;
  fact.isTimeAssumed = event.isTimeAssumed === true;
  fact.host = texts.lowerOf(texts.idOf(event.host));
  fact.pid = pidWord(event.pid, texts);
  fact.guid = event.guid === undefined ? NO_TEXT : texts.guidOf(texts.idOf(event.guid));
  fact.parentPid = pidWord(event.parentPid, texts);
  fact.parentGuid = event.parentGuid === undefined ? NO_TEXT : texts.guidOf(texts.idOf(event.parentGuid));
  fillFields(fact.fields, event.fields, texts);
  fillFields(fact.parentFields, event.parentFields, texts);
  return fact;
}

/** The event of a fact but for its fields; its host in lower case. */
export function headOfFact(fact: ProcessFact, texts: TextStore): Omit<ProcessEvent, 'fields' | 'parentFields'> {
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
  };
}

function fillFields(to: Uint32Array, fields: Readonly<Record<string, string>>, texts: TextStore): void {
  for (let i = 0; i < FIELD_COUNT; i++) {
    const name = FIELD_NAMES[i] as string;
    const text = Object.hasOwn(fields, name) ? fields[name] : undefined;
    to[i] = text === undefined ? NO_TEXT : texts.idOf(text.slice(0, MAX_VALUE_CHARACTERS));
  }
}
