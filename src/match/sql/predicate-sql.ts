/**
 * From the IR to SQL over a table whose one column holds a record as JSON. The query is a chain of WITH steps: each field that the
 * predicate names is looked up once and made into lists (its values, their texts, the folded texts), and the WHERE clause asks whether
 * some member of a list passes a test. That is the field lookup of `core/field-path.ts` and the typing of `bridged-typing.ts`,
 * spelled out; what SQL cannot say is refused by name and never approximated.
 */
import { foldCase } from '../../core/fold.ts';
import { parseNetwork } from '../../core/ip-address.ts';
import type { Compare, Elements, FieldPath, Glob, Literal, Predicate, Test, TimePart } from '../../ir/predicate.ts';
import { translateRegex } from '../regex-dialect.ts';
import { networkCondition } from './address-sql.ts';
import { FieldColumns } from './field-columns.ts';
import { timePart } from './time-sql.ts';
import { quotedForRegex, type SqlDialect, type SqlFunction, SqlRefusal } from './sql-dialect.ts';

export interface SqlTable {
  /** Table or view, possibly with its schema: `lake.events`. */
  readonly table: string;
  /** Its column with the record. */
  readonly column: string;
  /** Further columns of it that the result shows, before the record. */
  readonly select?: readonly string[];
}

export interface SqlQuery {
  /** Functions that must be made before; `dialect.create` says how. */
  readonly functions: ReadonlySet<SqlFunction>;
  /** Column prefixes of the query with the fields they stand for. */
  readonly fields: readonly (readonly [string, string])[];
  readonly text: string;
}

/** The query that selects the records for which the predicate holds. Throws SqlRefusal. */
export function selectSql(predicate: Predicate, dialect: SqlDialect, table: SqlTable): SqlQuery {
  const columns = new FieldColumns(dialect, 'record');
  const where = predicateSql(predicate, dialect, columns);
  const document = dialect.document(dialect.identifier(table.column));
  const source = `SELECT *, ${document} AS record FROM ${tableName(table, dialect)}`;
  const steps = [source, ...columns.steps((previous) => `s${previous}`)];
  const last = `s${steps.length - 1}`;
  const chain = steps.map((step, i) => `s${i} AS (\n  ${step}\n)`).join(',\n');
  const shown = shownColumns(table, dialect).join(', ');
  const text = `WITH\n${chain}\nSELECT ${shown} FROM ${last}\nWHERE ${where}`;
  return { functions: columns.functions, fields: columns.legend, text };
}

/** The predicate as a condition over columns that are made in steps; these are added to. Throws SqlRefusal. */
export function predicateSql(predicate: Predicate, dialect: SqlDialect, columns: FieldColumns): string {
  return new PredicateSql(dialect, columns).condition(predicate);
}

export function tableName({ table }: SqlTable, dialect: SqlDialect): string {
  return table
    .split('.')
    .map((part) => dialect.identifier(part))
    .join('.');
}

export function shownColumns({ select = [], column }: SqlTable, dialect: SqlDialect): readonly string[] {
  return [...select, column].map((name) => dialect.identifier(name));
}

class PredicateSql {
  readonly #dialect: SqlDialect;
  readonly #columns: FieldColumns;
  /** How many array selectors are around. */
  readonly #level: number;

  constructor(dialect: SqlDialect, columns: FieldColumns, level = 0) {
    this.#dialect = dialect;
    this.#columns = columns;
    this.#level = level;
  }

  condition(node: Predicate, depth = 1): string {
    switch (node.kind) {
      case 'and':
        return joined('AND', this.#parts(node.items, 'and', depth), depth);
      case 'or':
        return joined('OR', this.#parts(node.items, 'or', depth), depth);
      case 'not':
        return `NOT ${this.condition(node.item, depth)}`;
      case 'constant':
        return node.value ? 'TRUE' : 'FALSE';
      case 'compare':
        return this.#compare(node);
      case 'keyword':
        return this.#dialect.some(this.#keywordList(node.test), 'v', this.#scalarTest(node.test));
      case 'elements':
        return this.#elements(node);
      case 'bind':
        throw new SqlRefusal('object path', 'STIX patterns look at objects, which the record as JSON does not hold');
    }
  }

  /** Alternatives on one list of texts become one condition on its members. */
  #parts(items: readonly Predicate[], link: 'and' | 'or', depth: number): readonly string[] {
    if (link === 'and') return items.map((item) => this.condition(item, depth + 1));
    const parts: (string | { readonly list: string; readonly conditions: string[] })[] = [];
    const byList = new Map<string, { readonly list: string; readonly conditions: string[] }>();
    for (const item of items) {
      const list = item.kind === 'compare' ? this.#listOf(item) : undefined;
      if (item.kind !== 'compare' || list === undefined) {
        parts.push(this.condition(item, depth + 1));
        continue;
      }
      let group = byList.get(list);
      if (group === undefined) {
        group = { list, conditions: [] };
        byList.set(list, group);
        parts.push(group);
      }
      group.conditions.push(this.#scalarTest(item.test));
    }
    return parts.map((part) =>
      typeof part === 'string' ? part : this.#dialect.some(part.list, 'v', part.conditions.join(' OR ')),
    );
  }

  /** The list of texts or numbers that a comparison is about, when its test is one of single scalars. */
  #listOf({ path, test, negate }: Compare): string | undefined {
    if (path.kind !== 'field' || negate) return undefined;
    const subject = subjectOf(test);
    if (subject === undefined) return undefined;
    return subject === 'numbers' ? this.#columns.numbers(path) : this.#columns.texts(path, subject === 'folded texts');
  }

  #keywordList(test: Test): string {
    const subject = subjectOf(test);
    if (subject === undefined) throw new SqlRefusal(test.kind, `a keyword with the test "${test.kind}" has no SQL`);
    return subject === 'numbers'
      ? this.#columns.keywordNumbers()
      : this.#columns.keywordTexts(subject === 'folded texts');
  }

  #compare(node: Compare): string {
    const { path, test } = node;
    if (path.kind !== 'field')
      throw new SqlRefusal('object path', 'STIX patterns look at objects, which the record as JSON does not hold');
    if (node.negate) throw new SqlRefusal('negated comparison', 'STIX negates the test of each value');
    const list = this.#listOf(node);
    if (list !== undefined) return this.#dialect.some(list, 'v', this.#scalarTest(test));
    switch (test.kind) {
      case 'exists':
        return this.#columns.exists(path);
      case 'null':
        return this.#null(path, node.absent);
      case 'network':
        return this.#network(test, path);
      case 'field-reference':
        return this.#fieldReference(test, path);
      case 'time-part':
        return this.#time(test, path);
      default:
        throw new SqlRefusal(test.kind, `the test "${test.kind}" has no SQL`);
    }
  }

  /** Of the variable v, a text or a number. */
  #scalarTest(test: Test): string {
    if ('typing' in test && test.typing !== 'bridged')
      throw new SqlRefusal('strict typing', 'STIX compares types, which the record as JSON does not keep');
    switch (test.kind) {
      case 'equals':
        return this.#equals(test.value, test.collation === 'folded');
      case 'in':
        return `(${test.values.map((value) => this.#equals(value, test.collation === 'folded')).join(' OR ')})`;
      case 'order': {
        if (test.value.type !== 'number') throw new SqlRefusal('order', 'integers beyond 2^53 are not compared in SQL');
        const operator = { lt: '<', lte: '<=', gt: '>', gte: '>=' }[test.operator];
        return `v ${operator} ${numberLiteral(test.value.value)}`;
      }
      case 'glob':
        return this.#glob(test);
      case 'regex': {
        const translated = translateRegex(test.source);
        if ('problem' in translated) throw new SqlRefusal('modifier re', translated.problem);
        return this.#dialect.matches('v', { source: translated.source, ...test.flags });
      }
      default:
        throw new SqlRefusal(test.kind, `the test "${test.kind}" has no SQL`);
    }
  }

  #equals(literal: Literal, folded: boolean): string {
    if (literal.type === 'string')
      return `v = ${this.#dialect.literal(folded ? foldCase(literal.value) : literal.value)}`;
    if (literal.type === 'number') return `v = ${numberLiteral(literal.value)}`;
    if (literal.type === 'boolean') return `v = '${literal.value}'`;
    throw new SqlRefusal(literal.type, `a value of type ${literal.type} does not occur in records as JSON`);
  }

  #glob(glob: Glob): string {
    const dialect = this.#dialect;
    const spelled = (part: string): string => (glob.collation === 'folded' ? foldCase(part) : part);
    const shape = glob.parts
      .map((part) => ('text' in part ? 't' : 'oneOf' in part || part.wildcard === 'one' ? '?' : '*'))
      .join('');
    const [first = ''] = glob.parts.flatMap((part) => ('text' in part ? [spelled(part.text)] : []));
    if (/^\*+$/.test(shape)) return 'TRUE';
    if (shape === '' || shape === 't') return `v = ${dialect.literal(first)}`;
    if (shape === '*t*') return dialect.contains('v', dialect.literal(first));
    if (shape === 't*') return dialect.startsWith('v', dialect.literal(first));
    if (shape === '*t') return dialect.endsWith('v', dialect.literal(first));
    const source = glob.parts
      .map((part) => {
        if ('text' in part) return quotedForRegex(spelled(part.text));
        if ('oneOf' in part) return `[${quotedForRegex(spelled(part.oneOf))}]`;
        return part.wildcard === 'any' ? '.*' : '.';
      })
      .join('');
    return dialect.matches('v', { source: `\\A(?:${source})\\z`, ignoreCase: false, multiline: false, dotAll: true });
  }

  #null(path: FieldPath, absent: boolean): string {
    const dialect = this.#dialect;
    const values = this.#columns.values(path);
    const isNull = dialect.some(values, 'v', dialect.isJsonNull('v'));
    return absent ? `(NOT ${this.#columns.exists(path)} OR ${isNull})` : isNull;
  }

  #network(test: Extract<Test, { kind: 'network' }>, path: FieldPath): string {
    const network = test.relation === 'subset' ? parseNetwork(test.network) : undefined;
    if (network === undefined) throw new SqlRefusal('modifier cidr', `"${test.network}" is no network to lie in`);
    return this.#dialect.some(this.#columns.addresses(path), 'v', networkCondition(network));
  }

  #fieldReference(test: Extract<Test, { kind: 'field-reference' }>, path: FieldPath): string {
    const dialect = this.#dialect;
    const folded = test.collation === 'folded';
    const own = this.#columns.texts(path, folded);
    const other = this.#columns.texts(test.other, folded);
    const related = {
      equals: 'v = w',
      contains: dialect.contains('v', 'w'),
      startswith: dialect.startsWith('v', 'w'),
      endswith: dialect.endsWith('v', 'w'),
    }[test.relation];
    return dialect.some(own, 'v', dialect.some(other, 'w', related));
  }

  #time(test: TimePart, path: FieldPath): string {
    const operator = { equals: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' }[test.operator];
    const part = timePart(this.#dialect, test.part);
    return this.#dialect.some(this.#columns.times(path), 'v', `${part} ${operator} ${numberLiteral(test.value)}`);
  }

  /** The body is asked of each element in a lambda, with expressions in place of columns. */
  #elements({ path, quantifier, body }: Elements): string {
    const dialect = this.#dialect;
    const element = `e${this.#level + 1}`;
    const columns = new FieldColumns(dialect, element, true);
    const holds = new PredicateSql(dialect, columns, this.#level + 1).condition(body);
    if (typeof quantifier === 'number') return dialect.some(this.#columns.elementsAt(path, quantifier), element, holds);
    const list = this.#columns.elements(path);
    if (quantifier === 'any') return dialect.some(list, element, holds);
    if (quantifier === 'none') return `NOT ${dialect.some(list, element, holds)}`;
    const all = `NOT ${dialect.some(list, element, `NOT ${holds}`)}`;
    return quantifier === 'all' ? `(${dialect.count(list)} > 0 AND ${all})` : all;
  }
}

/** What a test looks at: texts, texts folded, or numbers; undefined for a test that is more than that. */
function subjectOf(test: Test): 'texts' | 'folded texts' | 'numbers' | undefined {
  if (test.kind === 'equals' || test.kind === 'in') {
    const types = (test.kind === 'equals' ? [test.value] : test.values).map(({ type }) => type);
    if (types.every((type) => type === 'number')) return 'numbers';
    if (types.some((type) => type === 'number'))
      throw new SqlRefusal('in', 'texts and numbers in one list have no SQL');
    return types.includes('boolean') || test.collation === 'folded' ? 'folded texts' : 'texts';
  }
  if (test.kind === 'order') return 'numbers';
  if (test.kind === 'regex') return 'texts';
  return test.kind === 'glob' ? (test.collation === 'folded' ? 'folded texts' : 'texts') : undefined;
}

function joined(link: 'AND' | 'OR', parts: readonly string[], depth: number): string {
  if (parts.length === 1) return parts[0] as string;
  return `(\n${'  '.repeat(depth)}${parts.join(`\n${'  '.repeat(depth)}${link} `)}\n${'  '.repeat(depth - 1)})`;
}

/** Digits that every engine reads as the same double. */
export function numberLiteral(value: number): string {
  const text = Number.isInteger(value) && Math.abs(value) < 2 ** 53 ? String(value) : value.toExponential();
  return value < 0 ? `(${text})` : text;
}
