/**
 * A table automaton that says no to most texts a regular expression does not match, one table look-up per byte. Most are for texts of
 * ASCII in lower case and may say yes too often, never no wrongly: letter case is ignored, anchors and word boundaries hold everywhere,
 * long repetitions are shortened. An expression that needs none of that has an automaton for texts as they stand, whose yes is right as
 * well. Expressions with other constructs, or that would need too many states, have none.
 */
import type { Regex } from '../ir/predicate.ts';

export interface RegexAutomaton {
  /** For texts as they stand, and right both ways; else for texts in lower case. */
  readonly isExact: boolean;
  /** Class of each of 128 characters. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** Next state by `state * classCount + class`. State 0 is the start, state 1 says yes and is never left. */
  readonly next: Uint16Array;
}

type Node =
  | { readonly kind: 'set'; readonly set: Uint8Array }
  | { readonly kind: 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

const MAX_NFA_STATES = 2000;
const MAX_STATES = 800;
/** Longer repetitions are taken for unbounded ones. */
const MAX_REPEAT = 64;
const CHARACTERS = 128;

/** Undefined when there is none. */
export function regexAutomaton(regex: Regex): RegexAutomaton | undefined {
  if (regex.normalize !== 'none') return undefined;
  try {
    const { node, isExact } = readExpression(regex);
    const nfa = new Nfa();
    const end = nfa.add(withoutLead(node), 0);
    const table = determine(nfa, end);
    return table && { ...table, isExact };
  } catch (error) {
    if (error instanceof NotExpressible) return undefined;
    throw error;
  }
}

function readExpression({ source, flags }: Regex): { readonly node: Node; readonly isExact: boolean } {
  if (!flags.ignoreCase) {
    const reader = new RegexReader(source, flags.dotAll ? ANY : LINE);
    const node = reader.read();
    if (reader.isExact) return { node, isExact: true };
  }
  return { node: new RegexReader(source, undefined).read(), isExact: false };
}

/** A match may begin anywhere, so what is repeated at the beginning needs to be there as often as it must. */
function withoutLead(node: Node): Node {
  if (node.kind === 'repeat') return { ...node, max: node.min };
  if (node.kind === 'choice') return { ...node, items: node.items.map(withoutLead) };
  const [first, ...rest] = node.kind === 'sequence' ? node.items : [];
  return first === undefined ? node : { kind: 'sequence', items: [withoutLead(first), ...rest] };
}

class NotExpressible extends Error {}

const setOf = (test: (code: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: CHARACTERS }, (_, code) => (test(code) ? 1 : 0));
const inText = (text: string): ((code: number) => boolean) => {
  return (code) => text.includes(String.fromCharCode(code));
};
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isWord = (code: number): boolean =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const SHORTHANDS: Readonly<Record<string, Uint8Array>> = {
  d: setOf(isDigit),
  D: setOf((code) => !isDigit(code)),
  w: setOf(isWord),
  W: setOf((code) => !isWord(code)),
  s: setOf(inText(' \t\n\r\f')),
  S: setOf((code) => !inText(' \t\n\r\f')(code)),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 };
const ANY = setOf(() => true);
const LINE = setOf((code) => code !== 10);

class RegexReader {
  readonly #source: string;
  readonly #dot: Uint8Array | undefined;
  #at = 0;
  /** Nothing in the expression was taken for more than it says. */
  isExact = true;

  /** `dot`: what the dot stands for in texts as they stand; undefined: sets are for texts in lower case. */
  constructor(source: string, dot: Uint8Array | undefined) {
    this.#dot = dot;
    // Verbose mode and quoting change what everything means.
    if (/\(\?[a-z]*x/.test(source) || source.includes('\\Q')) throw new NotExpressible();
    this.#source = source;
  }

  read(): Node {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new NotExpressible();
    return node;
  }

  #choice(): Node {
    const items = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at++;
      items.push(this.#sequence());
    }
    return items.length === 1 ? (items[0] as Node) : { kind: 'choice', items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string))
      items.push(this.#repeated(this.#atom()));
    return { kind: 'sequence', items };
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (;;) {
      const quantifier = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(this.#source.slice(this.#at, this.#at + 16));
      if (quantifier === null) return node;
      const [text, least, comma, most] = quantifier;
      this.#at += text.length;
      const unbounded = Number.POSITIVE_INFINITY;
      let min = text === '+' ? 1 : 0;
      let max = text === '?' ? 1 : unbounded;
      if (least !== undefined) {
        min = Number(least);
        max = comma === '' ? min : most === '' ? unbounded : Number(most);
      }
      if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== unbounded)) this.isExact = false;
      if (min > MAX_REPEAT) min = MAX_REPEAT;
      if (max > MAX_REPEAT) max = unbounded;
      const after = this.#source[this.#at];
      if (after === '+') throw new NotExpressible();
      if (after === '?') this.#at++;
      node = { kind: 'repeat', item: node, min, max };
    }
  }

  #atom(): Node {
    const char = this.#source[this.#at++] as string;
    if (char === '(') return this.#group();
    if (char === '[') return this.#set(this.#class());
    if (char === '.') return { kind: 'set', set: this.#dot ?? ANY };
    if (char === '^' || char === '$') return this.#anywhere();
    if (char === '*' || char === '+' || char === '?') throw new NotExpressible();
    if (char === '\\') {
      const set = this.#escape();
      return set === undefined ? this.#anywhere() : this.#set(set);
    }
    return this.#set(single(char.charCodeAt(0)));
  }

  #set(set: Uint8Array): Node {
    return { kind: 'set', set: this.#dot === undefined ? foldedSet(set) : set };
  }

  /** What asks for a place, taken as holding at every one. */
  #anywhere(): Node {
    this.isExact = false;
    return { kind: 'empty' };
  }

  #group(): Node {
    const head = /^\?(?:[imsU-]*:|P?<[A-Za-z_]\w*>)/.exec(this.#source.slice(this.#at, this.#at + 80));
    const flags = /^\?[imsU-]+\)/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (flags !== null) {
      this.#at += flags[0].length;
      return this.#anywhere();
    }
    if (head !== null) {
      // Flags for what stands in the group.
      if (/^\?[imsU-]+:/.test(head[0])) this.isExact = false;
      this.#at += head[0].length;
    } else if (this.#source[this.#at] === '?') throw new NotExpressible();
    const node = this.#choice();
    if (this.#source[this.#at++] !== ')') throw new NotExpressible();
    return node;
  }

  /** The set an escape stands for; undefined for one that takes no character. */
  #escape(): Uint8Array | undefined {
    const char = this.#source[this.#at++];
    if (char === undefined) throw new NotExpressible();
    if ('bBAzZ'.includes(char)) return undefined;
    const shorthand = SHORTHANDS[char];
    if (shorthand !== undefined) return shorthand;
    if (Object.hasOwn(CONTROLS, char)) return single(CONTROLS[char] as number);
    const hex = char === 'x' ? /^[0-9a-fA-F]{2}/.exec(this.#source.slice(this.#at, this.#at + 2)) : null;
    if (hex !== null) {
      this.#at += 2;
      return single(Number.parseInt(hex[0], 16));
    }
    // Other letters and digits stand for what is not known here.
    if (/[A-Za-z0-9]/.test(char)) throw new NotExpressible();
    return single(char.charCodeAt(0));
  }

  #class(): Uint8Array {
    const set = new Uint8Array(CHARACTERS);
    const negated = this.#source[this.#at] === '^';
    if (negated) this.#at++;
    for (let first = true; ; first = false) {
      const char = this.#source[this.#at++];
      if (char === undefined || (char === '[' && this.#source[this.#at] === ':')) throw new NotExpressible();
      if (char === ']' && !first) break;
      const low = char === '\\' ? this.#classEscape() : single(char.charCodeAt(0));
      const code = low.indexOf(1);
      const isRange = this.#source[this.#at] === '-' && !']'.includes(this.#source[this.#at + 1] ?? ']');
      // Characters beyond ASCII are in no text that is asked about: a set of them alone is empty.
      if (!isRange || low.reduce((sum, one) => sum + one, 0) > 1) {
        for (let i = 0; i < CHARACTERS; i++) if (low[i] === 1) set[i] = 1;
        continue;
      }
      this.#at++;
      const end = this.#source[this.#at++] as string;
      const high = end === '\\' ? this.#classEscape() : single(end.charCodeAt(0));
      const last = high.indexOf(1);
      if (code >= 0) for (let i = code; i <= (last < 0 ? CHARACTERS - 1 : last); i++) set[i] = 1;
    }
    return negated ? set.map((one) => 1 - one) : set;
  }

  #classEscape(): Uint8Array {
    const set = this.#escape();
    if (set === undefined) throw new NotExpressible();
    return set;
  }
}

function single(code: number): Uint8Array {
  return setOf((other) => other === code);
}

/** Texts are in lower case: a lower-case letter stands for its capital as well. */
function foldedSet(set: Uint8Array): Uint8Array {
  return setOf((code) => set[code] === 1 || (code >= 97 && code <= 122 && set[code - 32] === 1));
}

/** States with at most one set edge and any number of free ones. */
class Nfa {
  readonly free: number[][] = [[]];
  readonly sets: (Uint8Array | undefined)[] = [undefined];
  readonly targets: number[] = [0];

  /** Adds the node's states behind `from`; returns the last. */
  add(node: Node, from: number): number {
    switch (node.kind) {
      case 'empty':
        return from;
      case 'set': {
        const start = this.#state(from);
        const end = this.#state();
        this.sets[start] = node.set;
        this.targets[start] = end;
        return end;
      }
      case 'sequence':
        return node.items.reduce((last, item) => this.add(item, last), from);
      case 'choice': {
        const end = this.#state();
        for (const item of node.items) this.free[this.add(item, this.#state(from))]?.push(end);
        return end;
      }
      case 'repeat': {
        let last = from;
        for (let i = 0; i < node.min; i++) last = this.add(node.item, last);
        const end = this.#state(last);
        if (node.max === Number.POSITIVE_INFINITY) {
          const loop = this.#state(last);
          const after = this.add(node.item, loop);
          this.free[after]?.push(loop, end);
        } else
          for (let i = node.min; i < node.max; i++) {
            last = this.add(node.item, last);
            this.free[last]?.push(end);
          }
        return end;
      }
    }
  }

  #state(from?: number): number {
    if (this.free.length >= MAX_NFA_STATES) throw new NotExpressible();
    const state = this.free.push([]) - 1;
    this.sets.push(undefined);
    this.targets.push(0);
    if (from !== undefined) this.free[from]?.push(state);
    return state;
  }
}

function determine(nfa: Nfa, end: number): Omit<RegexAutomaton, 'isExact'> | undefined {
  const { classes, samples } = characterClasses(nfa);
  const classCount = samples.length;
  const closure = new Closure(nfa, end);
  const start = closure.of([0]);
  if (start === undefined) return undefined;
  const numbers = new Map<string, number>([[keyOf(start), 0]]);
  const states: (readonly number[])[] = [start, []];
  /** Most characters lead to what others have led to. */
  const byTargets = new Map<string, number>();
  const next: number[] = [];
  for (let state = 0; state < states.length; state++) {
    for (const sample of samples) {
      if (state === 1) {
        next.push(1);
        continue;
      }
      // A match may begin anywhere.
      const targets: number[] = [];
      for (const one of states[state] as readonly number[])
        if (nfa.sets[one]?.[sample] === 1) targets.push(nfa.targets[one] as number);
      const id = keyOf(targets);
      let number = byTargets.get(id);
      if (number === undefined) {
        const all = closure.of([...start, ...targets]);
        const key = all === undefined ? '' : keyOf(all);
        number = all === undefined ? 1 : numbers.get(key);
        if (all !== undefined && number === undefined) {
          if (states.length >= MAX_STATES) return undefined;
          number = states.push(all) - 1;
          numbers.set(key, number);
        }
        number ??= 1;
        byTargets.set(id, number);
      }
      next.push(number);
    }
  }
  return { classes, classCount, next: Uint16Array.from(next) };
}

/** States as a text to be looked up: there are fewer than a character has values. */
function keyOf(states: readonly number[]): string {
  return String.fromCharCode(...states);
}

class Closure {
  readonly #nfa: Nfa;
  readonly #end: number;
  /** Of each state the last question in which it was met. */
  readonly #met: Uint32Array;
  #question = 0;

  constructor(nfa: Nfa, end: number) {
    this.#nfa = nfa;
    this.#end = end;
    this.#met = new Uint32Array(nfa.free.length);
  }

  /** States that read a character and are reached from these by free edges, ascending; undefined: so is the end. */
  of(from: number[]): readonly number[] | undefined {
    const { sets, free } = this.#nfa;
    const [met, question] = [this.#met, ++this.#question];
    const reading: number[] = [];
    for (let state = from.pop(); state !== undefined; state = from.pop()) {
      if (met[state] === question) continue;
      met[state] = question;
      if (state === this.#end) return undefined;
      if (sets[state] !== undefined) reading.push(state);
      for (const target of free[state] as readonly number[]) from.push(target);
    }
    return reading.sort((a, b) => a - b);
  }
}

/** Characters that no set tells apart are one class; `samples` has one character of each. */
function characterClasses(nfa: Nfa): { readonly classes: Uint8Array; readonly samples: readonly number[] } {
  const sets = [...new Map(nfa.sets.filter((set) => set !== undefined).map((set) => [set.join(''), set])).values()];
  const classes = new Uint8Array(CHARACTERS);
  const samples: number[] = [];
  const known = new Map<string, number>();
  for (let code = 0; code < CHARACTERS; code++) {
    const key = sets.map((set) => set[code]).join('');
    let number = known.get(key);
    if (number === undefined) {
      number = samples.push(code) - 1;
      known.set(key, number);
    }
    classes[code] = number;
  }
  return { classes, samples };
}
