/**
 * `flint rules sql RULE...`: rules as DuckDB or Spark SQL over a table of records kept as JSON. A rule that SQL cannot express is
 * refused with the reason; the others are printed.
 */
import { existsSync, statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { duckdbCorrelations } from '../../match/sql/correlation-duckdb.ts';
import { sparkCorrelations } from '../../match/sql/correlation-spark.ts';
import { correlationSql } from '../../match/sql/correlation-sql.ts';
import { duckdb } from '../../match/sql/duckdb.ts';
import { selectSql, type SqlQuery, type SqlTable } from '../../match/sql/predicate-sql.ts';
import { spark } from '../../match/sql/spark.ts';
import { type SqlDialect, type SqlFunction, SqlRefusal } from '../../match/sql/sql-dialect.ts';
import type { SigmaRules } from '../../rules/sigma/load.ts';
import type { CliCommand } from '../command.ts';
import { collect } from '../engine-options.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { openTerminal } from '../terminal.ts';
import { addRuleOptions, loadRules, type RuleOptions } from './rule-options.ts';

interface SqlOptions extends RuleOptions {
  readonly dialect: 'duckdb' | 'spark';
  readonly table: string;
  readonly column: string;
  readonly select?: readonly string[];
  readonly time?: string;
  readonly order?: string;
}

export type SqlRule = DetectionRule | CorrelationRule;
type LoadedRules = Pick<SigmaRules, 'detections' | 'correlations'>;

const DIALECTS: Readonly<Record<SqlOptions['dialect'], SqlDialect>> = { duckdb, spark };

export const sqlCommand: CliCommand = {
  name: 'sql',
  build: (action) =>
    addRuleOptions(new Command('sql'))
      .description('rules as SQL over a table of records kept as JSON')
      .argument('<rules...>', 'ids or titles of rules of --rules or -c, rule files or folders')
      .addOption(new Option('--dialect <name>', 'SQL of').choices(Object.keys(DIALECTS)).default('duckdb'))
      .option('--table <name>', 'table or view with the records', 'events')
      .option('--column <name>', 'its column with the record: JSON in DuckDB, VARIANT in Spark', 'event')
      .option('--select <column>', 'show this column of the table too (repeatable)', collect)
      .option('--time <column>', 'its column with the time of the record, a TIMESTAMP: for correlations')
      .option('--order <column>', 'its column that orders records of one time; default: as they stand in the table')
      .addHelpText(
        'after',
        `
The rule's log source is no part of the query: choose the table by it, or name a pipeline that adds it. Correlations become queries
over windows, with a row for each time they fire; they need the time of each record (--time).

Examples:
  flint rules sql samples/rules/screensaver-from-downloads.yml
  flint rules sql rule.yml --pipeline sysmon --dialect spark --table lake.sysmon
  flint rules sql 5af54681-df95-4c26-854f-2565e13cfab0 --rules sigma/rules --json`,
      )
      .action(action((names, options) => sql(names as string[], options as SqlOptions))),
};

async function sql(names: readonly string[], options: SqlOptions): Promise<number> {
  const terminal = openTerminal(options);
  const paths = names.filter((name) => existsSync(name));
  const rules = loadRules(options, paths);
  const chosen = chooseForSql(rules, names);
  printDiagnostics(
    rules.diagnostics.filter(({ severity, span }) => severity === 'error' && paths.includes(span?.file ?? '')),
    terminal,
  );
  const dialect = DIALECTS[options.dialect];
  const { table, column, select, time, order } = options;
  const source: SqlSource = {
    ...{ table, column },
    ...(select !== undefined && { select }),
    ...(time !== undefined && { time }),
    ...(order !== undefined && { order }),
  };
  const refused: Diagnostic[] = [];
  const queries = chosen.flatMap((rule) => {
    const query = sqlOf(rule, dialect, source, rules);
    if ('text' in query) return [{ rule, query }];
    refused.push(query);
    return [];
  });
  if (terminal.json) {
    for (const { rule, query } of queries) terminal.out.write(`${JSON.stringify(sqlObject(rule, query, dialect))}\n`);
    for (const { message, span } of refused)
      terminal.out.write(
        `${JSON.stringify({ refused: message, ...(span !== undefined && { file: span.file, line: span.line }) })}\n`,
      );
  } else if (queries.length > 0) terminal.out.write(sqlScript(queries, dialect));
  if (!terminal.json) printDiagnostics(refused, terminal);
  return refused.length > 0 ? EXIT.usage : EXIT.done;
}

/** By id, title, or all of a file or folder. Throws FlintError for a name that stands for nothing. */
export function chooseForSql({ detections, correlations }: LoadedRules, names: readonly string[]): readonly SqlRule[] {
  const all: readonly SqlRule[] = [...detections, ...correlations];
  const chosen = names.flatMap((name) => {
    const isPath = existsSync(name);
    const isFolder = isPath && statSync(name).isDirectory();
    const isMeant = ({ details, origin }: SqlRule): boolean =>
      isPath
        ? origin.file === name || (isFolder && origin.file.startsWith(`${name.replace(/\/+$/, '')}/`))
        : details.id === name || details.name.toLowerCase() === name.toLowerCase();
    const found = all.filter(isMeant);
    if (found.length > 0) return found;
    const near = suggestion(
      name,
      all.flatMap(({ details }) => [details.id, details.name]),
    );
    const hint = 'flint rules ls shows what is loaded';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', `no rule "${name}" is loaded${near}`, { hint })]);
  });
  return [...new Set(chosen)];
}

/** Where records are, and for correlations their time and order. */
type SqlSource = SqlTable & { readonly time?: string; readonly order?: string };

/** The query, or why there is none. */
export function sqlOf(
  rule: SqlRule,
  dialect: SqlDialect,
  source: SqlSource,
  loaded: LoadedRules,
): SqlQuery | Diagnostic {
  try {
    return rule.kind === 'detection'
      ? selectSql(rule.predicate, dialect, source)
      : correlationQuery(rule, dialect, source, loaded);
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    const message = `rule "${rule.details.name}" has no ${dialect.name} SQL because of ${error.feature}: ${error.message}`;
    return diagnostic('SIGMA_NO_SQL', 'error', message, { span: rule.origin });
  }
}

function correlationQuery(
  rule: CorrelationRule,
  dialect: SqlDialect,
  { time, ...table }: SqlSource,
  { detections, correlations }: LoadedRules,
): SqlQuery {
  if (time === undefined)
    throw new SqlRefusal('correlation', 'its windows need the time of each record: name its column with --time');
  const watched = {
    predicate: (id: string) => detections.find(({ details }) => details.id === id)?.predicate,
    correlation: (id: string) => correlations.find(({ details }) => details.id === id),
  };
  const windows = dialect === spark ? sparkCorrelations : duckdbCorrelations;
  return correlationSql(rule, watched, { ...table, time }, windows);
}

export interface RuleQuery {
  readonly rule: SqlRule;
  readonly query: SqlQuery;
}

/** One script: what must be known, the functions, then a statement for each rule. */
export function sqlScript(queries: readonly RuleQuery[], dialect: SqlDialect): string {
  const functions = new Set<SqlFunction>(queries.flatMap(({ query }) => [...query.functions]));
  const head = dialect.notes.map(comment);
  const made = [...functions].map((name) => `${dialect.create(name)};`);
  const statements = queries.map(({ rule, query }) => {
    const fields = query.fields.map(([column, name]) => `${column}: ${JSON.stringify(name)}`);
    const lines = [
      `rule ${JSON.stringify(rule.details.name)}, id ${JSON.stringify(rule.details.id)}`,
      ...(rule.details.author === undefined ? [] : [`by ${JSON.stringify(rule.details.author)}`]),
      placeOf(rule),
      ...(fields.length === 0 ? [] : [`fields ${fields.join(', ')}`]),
    ];
    return `${lines.map(comment).join('\n')}\n${query.text};`;
  });
  return `${[[...head, ...made].join('\n'), ...statements].join('\n\n')}\n`;
}

/** The records that the rule is about. */
function placeOf(rule: SqlRule): string {
  if (rule.kind === 'correlation')
    return `over the matches of ${rule.rules.map((id) => JSON.stringify(id)).join(', ')}`;
  const { product, category, service } = rule.logsource;
  return `for the log source ${JSON.stringify([product, category, service].filter((part) => part !== undefined).join('/'))}`;
}

/** Texts inside come as JSON: no line break of a rule ends the comment. */
function comment(text: string): string {
  return `-- ${text.replace(/[\u0085\u2028\u2029]/g, ' ')}`;
}

function sqlObject(rule: SqlRule, query: SqlQuery, dialect: SqlDialect): object {
  return {
    id: rule.details.id,
    name: rule.details.name,
    ...(rule.kind === 'detection' ? { logsource: rule.logsource } : { rules: rule.rules }),
    dialect: dialect.name,
    setup: [...query.functions].map((name) => dialect.create(name)),
    sql: query.text,
  };
}
