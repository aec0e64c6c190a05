/**
 * SieveKinds: the kinds of records that were met, as questions in the kernel's memory (`kernel/sieve-route.ts` walks them), and how many
 * records each kind had. The same steps in the same order make the same tree, whoever takes them.
 */
import type { ScanMemory } from './scan-memory.ts';
import * as layout from './sieve-memory.ts';
import type { QuestionAnswer, QuestionKind, RecordQuestion } from '../core/record-question.ts';

/** A question with the number of its value, 0 for `alone`. */
export interface NumberedQuestion extends RecordQuestion {
  readonly tell: number;
}

/** A question and its answer; of `value` and `first` with what stood there, a byte for each character. */
export interface SieveStep extends Omit<NumberedQuestion, 'path'> {
  readonly found?: { readonly kind: number; readonly text: string };
}

/** Values of one question; a question with more is no longer learnt from. */
const MAX_TEXTS = 2048;
export const MAX_EDGES = 32_768;
const MAX_NODES = 65_536;
const PIECE_BYTES = 16_384;
/** Records with a longer value in such a place are for the exact path. */
const LONGEST_TEXT = 4096;
/** `\\u002f` */
const LONGEST_FIRST = 6;

const ASKS: Readonly<Record<QuestionKind, number>> = {
  present: layout.ASK_PRESENT,
  value: layout.ASK_VALUE,
  class: layout.ASK_CLASS,
  first: layout.ASK_FIRST,
  alone: layout.ASK_ALONE,
};

export class SieveKinds {
  readonly #memory: ScanMemory;
  readonly #addEdge: (edge: number) => void;
  readonly #edges = new Map<string, number>();
  readonly #texts = new Map<number, number>();
  #nodes = 0;
  #piece = 0;
  #pieceEnd = 0;

  constructor(memory: ScanMemory, addEdge: (edge: number) => void) {
    this.#memory = memory;
    this.#addEdge = addEdge;
  }

  /**
   * What the record at hand was asked, as steps. `tells` is where the kernel has noted the record's values under `stamp`; undefined when it
   * has seen another record than was asked, or a value is too long to be remembered.
   */
  stepsOf(questions: readonly NumberedQuestion[], tells: number, stamp: number): SieveStep[] | undefined {
    const steps: SieveStep[] = [];
    for (const { ask, tell, answer } of questions) {
      if (ask !== 'alone') {
        const place = tells + 16 * tell;
        const isPresent = this.#get(place) === stamp;
        if (isPresent !== (answer !== 'absent')) return undefined;
        const kind = this.#get(place + 12);
        if (isPresent && ask !== 'present' && classOf(kind) !== answer) return undefined;
        if (isPresent && (ask === 'value' || ask === 'first') && answer !== 'object') {
          const [start, end] = [this.#get(place + 4), this.#get(place + 8)];
          if (ask === 'value' && end - start > LONGEST_TEXT) return undefined;
          const length = ask === 'first' ? Math.min(end - start, LONGEST_FIRST) : end - start;
          const text = Buffer.from(this.#memory.memory.buffer, start, length).toString('latin1');
          steps.push({ ask, tell, answer, found: { kind, text: ask === 'first' ? firstOf(text) : text } });
          continue;
        }
      }
      steps.push({ ask, tell, answer });
    }
    return steps;
  }

  /**
   * Adds the steps of a kind from the question on that `first` holds the address of. Returns where the address of the kind's leaf is to
   * stand; undefined when another question was asked there before, or there is no room.
   */
  add(steps: readonly SieveStep[], first: number): number | undefined {
    let at = first;
    for (const step of steps) {
      const node = this.#nodeAt(at, step);
      const next = node === undefined ? undefined : this.#next(node, step);
      if (next === undefined) return undefined;
      at = next;
    }
    return at;
  }

  /** Writes a leaf; its group may be changed later. */
  addLeaf(at: number, group: number): number {
    const leaf = this.#allocate(layout.NODE_BYTES);
    this.#set(leaf, layout.ASK_NOTHING);
    this.#set(leaf + layout.NODE_GROUP, group);
    this.#set(at, leaf);
    return leaf;
  }

  setGroup(leaf: number, group: number): void {
    this.#set(leaf + layout.NODE_GROUP, group);
  }

  recordsOf(leaf: number): number {
    return this.#get(leaf + layout.NODE_RECORDS);
  }

  #nodeAt(at: number, { ask, tell }: SieveStep): number | undefined {
    const known = this.#get(at);
    if (known !== 0) {
      const isSame = this.#get(known) === ASKS[ask] && this.#get(known + layout.NODE_TELL) === tell * 16;
      return isSame ? known : undefined;
    }
    if (this.#nodes >= MAX_NODES) return undefined;
    this.#nodes++;
    const node = this.#allocate(layout.NODE_BYTES);
    this.#set(node, ASKS[ask]);
    this.#set(node + layout.NODE_TELL, tell * 16);
    this.#set(at, node);
    return node;
  }

  /** Where the address of the next question stands, as the kernel will find it. */
  #next(node: number, { ask, answer, found }: SieveStep): number | undefined {
    if (ask === 'alone') return node + (answer === 'yes' ? layout.NODE_PRESENT : layout.NODE_ABSENT);
    if (answer === 'absent') return node + layout.NODE_ABSENT;
    if (ask === 'present') return node + layout.NODE_PRESENT;
    if (answer === 'object') return node + layout.NODE_OBJECT;
    if (found !== undefined) return this.#follow(node, found.kind, found.text);
    if (answer === 'null') return node + layout.NODE_NULL;
    return node + (answer === 'array' ? layout.NODE_OTHER : layout.NODE_PRESENT);
  }

  #follow(node: number, kind: number, text: string): number | undefined {
    const id = `${node} ${kind} ${text}`;
    let edge = this.#edges.get(id);
    if (edge === undefined) {
      const texts = (this.#texts.get(node) ?? 0) + 1;
      if (texts > MAX_TEXTS || this.#edges.size >= MAX_EDGES) {
        this.#close(node);
        return undefined;
      }
      this.#texts.set(node, texts);
      edge = this.#writeEdge(node, kind, Buffer.from(text, 'latin1'));
      this.#edges.set(id, edge);
    }
    return edge + layout.EDGE_NEXT;
  }

  /** Further values of the question are for the exact path. */
  #close(node: number): void {
    if (this.#get(node + layout.NODE_OTHER) === 0) this.addLeaf(node + layout.NODE_OTHER, layout.GROUP_EXACT);
  }

  #writeEdge(node: number, kind: number, text: Buffer): number {
    const address = this.#allocate(text.length + 16);
    const edge = this.#allocate(layout.EDGE_BYTES);
    new Uint8Array(this.#memory.memory.buffer, address, text.length).set(text);
    for (const [i, value] of [0, node, kind, text.length, address, 0].entries()) this.#set(edge + 4 * i, value);
    this.#addEdge(edge);
    return edge;
  }

  /** Small blocks close to each other: every record walks along them. */
  #allocate(bytes: number): number {
    const size = Math.ceil(bytes / 8) * 8;
    if (this.#piece + size > this.#pieceEnd) {
      this.#piece = this.#memory.allocate(size + PIECE_BYTES);
      this.#pieceEnd = this.#piece + size + PIECE_BYTES;
    }
    const address = this.#piece;
    this.#piece += size;
    return address;
  }

  #get(address: number): number {
    return new DataView(this.#memory.memory.buffer).getUint32(address, true);
  }

  #set(address: number, value: number): void {
    new DataView(this.#memory.memory.buffer).setUint32(address, value, true);
  }
}

/** Bytes of the first character as it is spelled in JSON; half of one that is written in several bytes. */
function firstOf(text: string): string {
  if (text[0] !== '\\') return text.slice(0, 1);
  return text.slice(0, text[1] === 'u' ? LONGEST_FIRST : 2);
}

function classOf(kind: number): QuestionAnswer {
  if (kind === layout.KIND_WILD) return 'object';
  if (kind === layout.KIND_NULL) return 'null';
  return kind === layout.KIND_ARRAY ? 'array' : 'scalar';
}
