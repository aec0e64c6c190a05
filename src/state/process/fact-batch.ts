/**
 * FactBatch: facts on their way from the thread that read them to the one that remembers: columns of numbers and the bytes of their
 * texts, each once. Nothing is made of a fact but its numbers on either side.
 *
 * `words`: for each fact kind (`ASSUMED` is added where its time is that of its arrival), host, pid, guid, parent pid, parent guid, then the fields and what it says of the parent, texts by their
 * place; `times`: for each its time and its arrival.
 */
import { lengthened } from '../../core/growing-columns.ts';
import type { ProcessEventKind } from './process-event.ts';
import { ProcessFact } from './process-fact.ts';
import { pidOfText, textOfPidWord } from './process-ids.ts';
import { FIELD_COUNT } from './process-rows.ts';
import { NO_TEXT, type TextStore } from './text-store.ts';
import { readTexts, type TextColumns, WrittenTexts } from './written-texts.ts';

export interface FactBatch extends TextColumns {
  readonly words: Uint32Array;
  readonly times: Float64Array;
}

const KINDS: readonly ProcessEventKind[] = ['start', 'exit', 'activity'];
const ASSUMED = 4;
const FIELDS = 6;
const WORDS = FIELDS + 2 * FIELD_COUNT;

/** Collects facts that stand on one store. */
export class FactWriter {
  readonly #texts: TextStore;
  #written: WrittenTexts;
  #words = new Uint32Array(64 * WORDS);
  #times = new Float64Array(128);
  #count = 0;

  constructor(texts: TextStore) {
    this.#texts = texts;
    this.#written = new WrittenTexts(texts);
  }

  get texts(): TextStore {
    return this.#texts;
  }

  get count(): number {
    return this.#count;
  }

  add(fact: ProcessFact, arrivalMs: number): void {
    const count = this.#count++;
    if (this.#count * 2 > this.#times.length) this.#grow();
    const words = this.#words;
    const written = this.#written;
    let at = count * WORDS;
    words[at++] = KINDS.indexOf(fact.kind) + (fact.isTimeAssumed ? ASSUMED : 0);
    words[at++] = written.place(fact.host);
    words[at++] = written.pidWord(fact.pid);
    words[at++] = written.place(fact.guid);
    words[at++] = written.pidWord(fact.parentPid);
    words[at++] = written.place(fact.parentGuid);
    for (let i = 0; i < FIELD_COUNT; i++) words[at++] = written.place(fact.fields[i] as number);
    for (let i = 0; i < FIELD_COUNT; i++) words[at++] = written.place(fact.parentFields[i] as number);
    this.#times[2 * count] = fact.timeMs;
    this.#times[2 * count + 1] = arrivalMs;
  }

  /** All facts since the last call. */
  take(): FactBatch {
    const words = this.#words.slice(0, this.#count * WORDS);
    const times = this.#times.slice(0, this.#count * 2);
    const { texts, ends } = this.#written.columns();
    const batch = { words, times, texts: texts.slice(), ends };
    this.#written.release();
    this.#written = new WrittenTexts(this.#texts);
    this.#count = 0;
    return batch;
  }

  #grow(): void {
    this.#words = lengthened(this.#words, 2 * this.#words.length);
    this.#times = lengthened(this.#times, 2 * this.#times.length);
  }
}

/** Reads facts one after the other on a store of their owner, where their texts are pinned until `close`. */
export class FactReader {
  readonly fact = new ProcessFact();
  arrivalMs = 0;
  readonly #batch: FactBatch;
  readonly #texts: TextStore;
  readonly #ids: Uint32Array;

  constructor(batch: FactBatch, texts: TextStore) {
    this.#batch = batch;
    this.#texts = texts;
    this.#ids = readTexts(texts, batch);
    for (const id of this.#ids) texts.pin(id);
  }

  get count(): number {
    return this.#batch.times.length / 2;
  }

  /** Fills `fact` and `arrivalMs`. */
  read(index: number): void {
    const { words, times } = this.#batch;
    const { fact } = this;
    const ids = this.#ids;
    const text = (word: number): number => ids[words[word] as number] as number;
    const pid = (word: number): number => {
      const place = textOfPidWord(words[word] as number);
      return place === NO_TEXT ? (words[word] as number) : pidOfText(ids[place] as number);
    };
    const at = index * WORDS;
    const kind = words[at] as number;
    fact.isTimeAssumed = kind >= ASSUMED;
    fact.kind = KINDS[kind & (ASSUMED - 1)] ?? 'activity';
    fact.host = text(at + 1);
    fact.pid = pid(at + 2);
    fact.guid = this.#texts.guidOf(text(at + 3));
    fact.parentPid = pid(at + 4);
    fact.parentGuid = this.#texts.guidOf(text(at + 5));
    for (let i = 0; i < FIELD_COUNT; i++) {
      fact.fields[i] = text(at + FIELDS + i);
      fact.parentFields[i] = text(at + FIELDS + FIELD_COUNT + i);
    }
    fact.timeMs = times[2 * index] as number;
    this.arrivalMs = times[2 * index + 1] as number;
  }

  close(): void {
    for (const id of this.#ids) this.#texts.unpin(id);
    this.#texts.sweep();
  }
}
