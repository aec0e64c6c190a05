/**
 * FieldColumns: the columns that a query makes of the fields it looks at, in steps of which each builds on the one before. A name is
 * found as `core/field-path.ts` finds it: a member with the complete name first, else dotted segments through objects, of which a
 * member's name may hold several, every element of an array tried on the way.
 */
import type { FieldPath } from '../../ir/predicate.ts';
import { ADDRESS_STEPS } from './address-sql.ts';
import { type SqlDialect, type SqlFunction, SqlRefusal } from './sql-dialect.ts';

interface Column {
  readonly name: string;
  readonly expression: string;
}

export class FieldColumns {
  readonly #dialect: SqlDialect;
  readonly #root: string;
  /** By step; a column reads only columns of earlier steps. */
  readonly #steps: Column[][] = [];
  readonly #byKey = new Map<string, string>();
  readonly #stepOf = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #functions = new Set<SqlFunction>();

  readonly #isInline: boolean;

  /** `isInline`: expressions in place of columns, for elements of arrays, which are lambda variables. */
  constructor(dialect: SqlDialect, root: string, isInline = false) {
    this.#dialect = dialect;
    this.#root = root;
    this.#isInline = isInline;
  }

  /** SELECTs, each over the step before; `name` gives what the step before number i is called. */
  steps(name: (previous: number) => string): readonly string[] {
    return this.#steps.map((columns, i) => {
      const list = columns.map(({ name: column, expression }) => `${expression} AS ${column}`);
      return `SELECT *,\n    ${list.join(',\n    ')}\n  FROM ${name(i)}`;
    });
  }

  /** The values that the path selects, as JSON. */
  values(path: FieldPath): string {
    return this.#column(`values ${path.name}`, `${this.#prefix(path)}_values`, () => {
      const dialect = this.#dialect;
      const whole = this.#member(path);
      const own = this.#call('flint_values', dialect.list([whole]));
      if (!path.name.includes('.')) return { expression: own, reads: [whole] };
      const walked = this.#walked(path).map((members) => this.#applied('flint_values', members, `${members}_values`));
      const expression = `CASE WHEN ${whole} IS NOT NULL THEN ${own} ELSE ${dialect.concatLists(walked)} END`;
      return { expression, reads: [whole, ...walked] };
    });
  }

  /** Their texts; scalars only. */
  texts(path: FieldPath, folded: boolean): string {
    const texts = this.#applied('flint_texts', this.values(path), `${this.#prefix(path)}_texts`);
    return folded ? this.#applied('flint_folded', texts, `${texts}_folded`) : texts;
  }

  /** Those of the texts that are numbers. */
  numbers(path: FieldPath): string {
    return this.#applied('flint_numbers', this.texts(path, false), `${this.#prefix(path)}_numbers`);
  }

  /** Addresses and networks among the texts, as `address-sql.ts` spells them. */
  addresses(path: FieldPath): string {
    return ADDRESS_STEPS.reduce(
      (list, step) => this.#applied(step, list, `${this.#prefix(path)}_${step.slice('flint_'.length)}`),
      this.texts(path, false),
    );
  }

  /** The times among the values, as `time-sql.ts` writes them. */
  times(path: FieldPath): string {
    return this.#applied('flint_times', this.values(path), `${this.#prefix(path)}_times`);
  }

  /** What the path leads to, arrays as they are. */
  wholes(path: FieldPath): string {
    return this.#column(`wholes ${path.name}`, `${this.#prefix(path)}_wholes`, () => {
      const dialect = this.#dialect;
      const whole = this.#member(path);
      const own = dialect.filter(dialect.list([whole]), 'x', 'x IS NOT NULL');
      if (!path.name.includes('.')) return { expression: own, reads: [whole] };
      const walked = this.#walked(path);
      const expression = `CASE WHEN ${whole} IS NOT NULL THEN ${own} ELSE ${dialect.concatLists(walked)} END`;
      return { expression, reads: [whole, ...walked] };
    });
  }

  /** A column of one's own about that list; `suffix` names it. */
  fromWholes(path: FieldPath, suffix: string, build: (wholes: string) => string): string {
    const wholes = this.wholes(path);
    return this.#column(`${suffix} of ${path.name}`, `${this.#prefix(path)}_${suffix}`, () => ({
      expression: build(wholes),
      reads: [wholes],
    }));
  }

  /** Elements of the arrays there; a value that is none is its own. */
  elements(path: FieldPath): string {
    const wholes = this.wholes(path);
    return this.#column(`elements ${path.name}`, `${this.#prefix(path)}_elements`, () => {
      const { filter, opened, isJsonNull } = this.#dialect;
      return { expression: opened(filter(wholes, 'x', `NOT ${isJsonNull('x')}`)), reads: [wholes] };
    });
  }

  /** The element at a position of each array there, an empty object where there is none. */
  elementsAt(path: FieldPath, index: number): string {
    const wholes = this.wholes(path);
    const name = `${this.#prefix(path)}_at${index < 0 ? `_last${-index}` : index}`;
    const found = this.#column(`at ${index} ${path.name}`, name, () => {
      const { filter, map, element, isArray } = this.#dialect;
      const arrays = map(filter(wholes, 'x', isArray('x')), 'x', element('x', index));
      return { expression: filter(arrays, 'x', 'x IS NOT NULL'), reads: [wholes] };
    });
    return this.#column(`some at ${index} ${path.name}`, `${name}_or_none`, () => {
      const { count, list, emptyObject } = this.#dialect;
      return {
        expression: `CASE WHEN ${count(found)} = 0 THEN ${list([emptyObject])} ELSE ${found} END`,
        reads: [found],
      };
    });
  }

  /** Texts of all scalars in the record. */
  keywordTexts(folded: boolean): string {
    const texts = this.#applied('flint_texts', this.#everything(), 'all_texts');
    return folded ? this.#applied('flint_folded', texts, 'all_texts_folded') : texts;
  }

  keywordNumbers(): string {
    return this.#applied('flint_numbers', this.keywordTexts(false), 'all_numbers');
  }

  /** Functions that the columns call. */
  get functions(): ReadonlySet<SqlFunction> {
    return this.#functions;
  }

  /** Whether the field is there at all, null and empty arrays included. */
  exists(path: FieldPath): string {
    const whole = this.#member(path);
    if (!path.name.includes('.')) return `(${whole} IS NOT NULL)`;
    const walked = this.#walked(path).map((members) => `${this.#dialect.count(members)} > 0`);
    return `(${whole} IS NOT NULL OR ${walked.join(' OR ')})`;
  }

  #member(path: FieldPath): string {
    return this.#column(`member ${path.name}`, this.#prefix(path), () => ({
      expression: this.#isInline && path.name === '' ? this.#itself() : this.#dialect.member(this.#root, path.name),
      reads: [],
    }));
  }

  /** Lists of what the dotted segments lead to: the last key may be the last segment or several of them, and so may those before. */
  #walked(path: FieldPath): readonly string[] {
    const dialect = this.#dialect;
    const segments = path.name.split('.');
    const prefix = this.#prefix(path);
    /** Objects that the first so many segments lead to, by their number. */
    const reached: string[] = [];
    for (let end = 1; end <= segments.length; end++) {
      const lists: string[] = [];
      // The complete name as one key is looked for before.
      for (let start = end === segments.length ? 1 : 0; start < end; start++) {
        const key = segments.slice(start, end).join('.');
        const from = reached[start - 1];
        const label = `${prefix}_w${start + 1}${end - start > 1 ? `to${end}` : ''}`;
        lists.push(
          this.#column(`${label} of ${path.name}`, label, () => {
            if (from === undefined) {
              const member = dialect.list([dialect.member(this.#root, key)]);
              return { expression: dialect.filter(member, 'x', 'x IS NOT NULL'), reads: [] };
            }
            const members = dialect.map(from, 'x', dialect.member('x', key));
            return { expression: dialect.filter(members, 'y', 'y IS NOT NULL'), reads: [from] };
          }),
        );
      }
      if (end === segments.length) return lists;
      const all = this.#column(`${prefix} reached ${end}`, `${prefix}_r${end}`, () => ({
        expression: this.#call('flint_values', dialect.concatLists(lists)),
        reads: lists,
      }));
      reached.push(all);
    }
    return [];
  }

  #everything(): string {
    let list = this.#column('record as list', 'all_values0', () => ({
      expression: this.#dialect.list([this.#root]),
      reads: [],
    }));
    for (let level = 1; level <= this.#dialect.depth; level++)
      list = this.#applied('flint_inside', list, `all_values${level}`);
    return list;
  }

  #applied(name: SqlFunction, list: string, column: string): string {
    return this.#column(`${name} ${list}`, column, () => ({ expression: this.#call(name, list), reads: [list] }));
  }

  /** An element that is no object has itself as its one field. */
  #itself(): string {
    return `CASE WHEN ${this.#dialect.isObject(this.#root)} THEN NULL ELSE ${this.#root} END`;
  }

  #call(name: SqlFunction, list: string): string {
    if (this.#isInline) return this.#dialect.inlined(name, list);
    this.#functions.add(name);
    return `${name}(${list})`;
  }

  #prefix(path: FieldPath): string {
    let number = this.#numbers.get(path.name);
    if (number === undefined) {
      if (this.#numbers.size >= MAX_FIELDS)
        throw new SqlRefusal('fields', `more than ${MAX_FIELDS} fields in one query`);
      number = this.#numbers.size + 1;
      this.#numbers.set(path.name, number);
    }
    return `f${number}`;
  }

  #column(key: string, name: string, build: () => { expression: string; reads: readonly string[] }): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { expression, reads } = build();
    if (this.#isInline) {
      this.#byKey.set(key, `(${expression})`);
      return `(${expression})`;
    }
    const step = Math.max(-1, ...reads.map((read) => this.#stepOf.get(read) ?? -1)) + 1;
    this.#steps[step] ??= [];
    this.#steps[step].push({ name, expression });
    this.#stepOf.set(name, step);
    this.#byKey.set(key, name);
    return name;
  }

  /** Field names by the prefix of their columns. */
  get legend(): readonly (readonly [string, string])[] {
    return [...this.#numbers].map(([name, number]) => [`f${number}`, name] as const);
  }
}

const MAX_FIELDS = 500;
