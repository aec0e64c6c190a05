/**
 * TracedFields: a record that notes what is asked of it, for the event sieve (docs/design/event-sieve.md): records that answer the same
 * questions alike are told apart by nobody who asks no more. It is asked as any record: own keys and their values. Arrays are
 * given as they are, their bytes being the answer. Who lists the keys has asked for everything, which no kind can answer.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { textOf, valuesOf } from '../../core/field-path.ts';
import type { QuestionAnswer, QuestionKind, RecordQuestion } from '../../core/record-question.ts';

interface Traced {
  readonly trace: TracedFields;
  readonly path: readonly string[];
  /** What the traced object stands for. */
  readonly object: EventObject;
}

const traces = new WeakMap<object, Traced>();
/** Records that are asked at the moment: hardly ever one. */
let open = 0;

export class TracedFields {
  readonly #record: EventObject;
  readonly #questions = new Map<string, RecordQuestion>();
  #isOpen = false;
  /** To be asked in place of the record. */
  readonly fields: EventObject;

  constructor(record: EventObject) {
    this.#record = record;
    open++;
    this.fields = this.#traced(record, []);
  }

  /** To be called once, when nothing is asked any more. */
  end(): void {
    open--;
  }

  /** In the order in which they were asked first. */
  get questions(): readonly RecordQuestion[] {
    return [...this.#questions.values()];
  }

  /** Somebody has listed keys. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Asks whether something stands at the path; what stands above it is asked for as well. */
  asks(path: readonly string[]): boolean {
    let object: EventObject = this.fields;
    for (const key of path.slice(0, -1)) {
      if (classOf(object, key) !== 'object') return false;
      object = object[key] as EventObject;
    }
    return Object.hasOwn(object, path.at(-1) ?? '');
  }

  /** Whether the questions so far tell the value at the path, or that none is there. */
  isTold(path: readonly string[]): boolean {
    for (let length = 1; length <= path.length; length++) {
      const at = path.slice(0, length);
      const value = this.#questions.get(keyOf('value', at))?.answer;
      if (value !== undefined && value !== 'object') return true;
      if (this.#questions.get(keyOf('present', at))?.answer === 'absent') return true;
      const kind = this.#questions.get(keyOf('class', at))?.answer;
      if (kind === 'absent' || kind === 'null') return true;
      if (kind === 'scalar' && length < path.length) return true;
      if (kind === 'array' || (value === undefined && kind === undefined)) return false;
    }
    return false;
  }

  /** Whether the questions so far tell that something stands at the path. */
  isPresent(path: readonly string[]): boolean {
    const answers = (['present', 'value', 'class'] as const).map(
      (ask) => this.#questions.get(keyOf(ask, path))?.answer,
    );
    return answers.some((answer) => answer !== undefined && answer !== 'absent');
  }

  /** The answers that make a difference to what fields hold. */
  get telling(): string {
    const told = [...this.#questions.values()].filter(({ ask, answer }) => ask !== 'present' || answer === 'absent');
    return JSON.stringify(
      told.map(({ ask, path, answer }) => [
        ...[ask, path, answer],
        ask === 'value' ? this.#textAt(path) : ask === 'first' ? this.#textAt(path).slice(0, 2) : '',
      ]),
    );
  }

  /** No kind can be told from what is asked. */
  giveUp(): void {
    this.#isOpen = true;
  }

  /** As `classOf` and `isAlone` say. */
  class(path: readonly string[], value: EventValue | undefined): QuestionAnswer {
    const answer = classOfValue(value);
    this.#note('class', path, answer);
    return answer;
  }

  /** As `askedFirst` says. */
  first(path: readonly string[], value: EventValue | undefined): void {
    this.#note('first', path, classOfValue(value));
  }

  alone(): boolean {
    const isAlone = Object.keys(this.#record).length === 1;
    this.#note('alone', [], isAlone ? 'yes' : 'absent');
    return isAlone;
  }

  #textAt(path: readonly string[]): string {
    let value: EventValue | undefined = this.#record;
    for (const key of path) value = isEventObject(value) ? value[key] : undefined;
    return isEventObject(value) ? '' : JSON.stringify(value);
  }

  /** What follows from earlier answers is not noted. */
  #note(ask: QuestionKind, path: readonly string[], answer: QuestionAnswer): void {
    const key = keyOf(ask, path);
    const hasClass = this.#questions.has(keyOf('class', path));
    const hasValue = this.#questions.has(keyOf('value', path));
    if (ask === 'present' && (hasClass || hasValue)) return;
    if ((ask === 'class' || ask === 'first') && hasValue) return;
    if (ask === 'value' && hasClass && answer === 'object') return;
    if (!this.#questions.has(key)) this.#questions.set(key, { ask, path, answer });
  }

  #traced(object: EventObject, path: readonly string[]): EventObject {
    const below = new Map<string, EventObject>();
    const fields = new Proxy(object as Record<string, EventValue>, {
      getOwnPropertyDescriptor: (target, key) => {
        const own = Reflect.getOwnPropertyDescriptor(target, key);
        if (typeof key === 'string') this.#note('present', [...path, key], own === undefined ? 'absent' : 'scalar');
        return own;
      },
      get: (target, key) => {
        if (typeof key !== 'string' || !Object.hasOwn(target, key)) {
          if (typeof key === 'string') this.#note('present', [...path, key], 'absent');
          return undefined;
        }
        const value = target[key] as EventValue;
        this.#note('value', [...path, key], classOfValue(value));
        if (!isEventObject(value)) return value;
        let traced = below.get(key);
        if (traced === undefined) {
          traced = this.#traced(value, [...path, key]);
          below.set(key, traced);
        }
        return traced;
      },
      has: (target, key) => {
        this.#isOpen = true;
        return key in target;
      },
      ownKeys: (target) => {
        this.#isOpen = true;
        return Reflect.ownKeys(target);
      },
    });
    traces.set(fields, { trace: this, path, object });
    return fields;
  }
}

/** What stands under a key of the fields, where the value itself does not matter. */
export function classOf(fields: EventObject, key: string): QuestionAnswer {
  const traced = tracedOf(fields);
  const object = traced?.object ?? fields;
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return traced === undefined ? classOfValue(value) : traced.trace.class([...traced.path, key], value);
}

/** Whether the record has one key only. */
export function isAlone(fields: EventObject): boolean {
  return tracedOf(fields)?.trace.alone() ?? Object.keys(fields).length === 1;
}

/** To be called by who is about to look at what is different in every record: no kind can be told from it. */
export function giveUp(fields: EventObject): void {
  tracedOf(fields)?.trace.giveUp();
}

function tracedOf(fields: EventObject): Traced | undefined {
  return open === 0 ? undefined : traces.get(fields);
}

/** As `textOf`, for names of which a part may be the name of something else that is different in every record. */
export function askedText(fields: EventObject, name: string): string | undefined {
  if (tracedOf(fields) === undefined) return textOf(fields, name);
  const found = holderOf(fields, name);
  if (found === undefined) return undefined;
  const [object, key] = found;
  const kind = classOf(object, key);
  if (kind === 'object' || kind === 'null' || kind === 'absent') return undefined;
  return textOf({ value: object[key] as EventValue }, 'value');
}

/** The first character of what `textOf` gives; empty where that is. Of a list nothing is said to who asks for a kind. */
export function askedFirst(fields: EventObject, name: string): string | undefined {
  if (tracedOf(fields) === undefined) return textOf(fields, name)?.slice(0, 1);
  const found = holderOf(fields, name);
  const holder = found === undefined ? undefined : tracedOf(found[0]);
  if (found === undefined || holder === undefined) return undefined;
  const [, key] = found;
  const value = Object.hasOwn(holder.object, key) ? holder.object[key] : undefined;
  if (Array.isArray(value)) giveUp(fields);
  holder.trace.first([...holder.path, key], value);
  return value === undefined ? undefined : textOf({ value }, 'value')?.slice(0, 1);
}

/** Whether `textOf` gives something, and nothing else. */
export function hasText(fields: EventObject, name: string): boolean {
  if (tracedOf(fields) === undefined) return textOf(fields, name) !== undefined;
  const found = holderOf(fields, name);
  if (found === undefined) return false;
  const kind = classOf(found[0], found[1]);
  return kind === 'array' ? askedText(fields, name) !== undefined : kind === 'scalar';
}

/** All values under a dotted name, as `valuesOf` gives them. */
export function askedValues(fields: EventObject, name: string): readonly EventValue[] {
  if (tracedOf(fields) === undefined) return valuesOf(fields, name);
  const found = holderOf(fields, name);
  return found === undefined ? [] : valuesOf({ value: found[0][found[1]] as EventValue }, 'value');
}

type Holder = readonly [object: EventObject, key: string];

/** The object in which a dotted name ends, and the key there. */
function holderOf(fields: EventObject, name: string): Holder | undefined {
  if (Object.hasOwn(fields, name)) return [fields, name];
  const found = holdersBelow(fields, name);
  // Each of several counts.
  if (found.length > 1) giveUp(fields);
  return found[0];
}

function holdersBelow(object: EventObject, name: string): readonly Holder[] {
  const found: Holder[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    const kind = classOf(object, key);
    // Every element of an array would be looked into.
    if (kind === 'array') giveUp(object);
    if (kind === 'object') found.push(...holdersBelow(object[key] as EventObject, name.slice(dot + 1)));
  }
  if (Object.hasOwn(object, name)) found.push([object, name]);
  return found;
}

function classOfValue(value: EventValue | undefined): QuestionAnswer {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return isEventObject(value) ? 'object' : 'scalar';
}

function keyOf(ask: QuestionKind, path: readonly string[]): string {
  return `${ask} ${JSON.stringify(path)}`;
}
