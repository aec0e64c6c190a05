/**
 * `flint rules sql RULE...`: rules as DuckDB or Spark SQL over a table of records kept as JSON. A rule that SQL cannot express is
 * refused with the reason; the others are printed.
 */
import { existsSync, statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
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
}

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
      .addHelpText(
        'after',
        `
The rule's log source is no part of the query: choose the table by it, or name a pipeline that adds it.

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
  const { table, column, select } = options;
  const refused: Diagnostic[] = [];
  const queries = chosen.flatMap((rule) => {
    const query = sqlOf(rule, dialect, { table, column, ...(select !== undefined && { select }) });
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
export function chooseForSql(
  { detections, correlations }: Pick<SigmaRules, 'detections' | 'correlations'>,
  names: readonly string[],
): readonly DetectionRule[] {
  const chosen = names.flatMap((name) => {
    const isPath = existsSync(name);
    const isFolder = isPath && statSync(name).isDirectory();
    const isMeant = ({ details, origin }: Pick<DetectionRule, 'details' | 'origin'>): boolean =>
      isPath
        ? origin.file === name || (isFolder && origin.file.startsWith(`${name.replace(/\/+$/, '')}/`))
        : details.id === name || details.name.toLowerCase() === name.toLowerCase();
    const found = detections.filter(isMeant);
    if (found.length > 0) return found;
    const isCorrelation = correlations.some(isMeant);
    const message = isCorrelation
      ? `rule "${name}" is a correlation: it fires by the order in which events arrived and how late, which a table of records does not keep`
      : `no detection rule "${name}" is loaded${suggestion(
          name,
          detections.flatMap(({ details }) => [details.id, details.name]),
        )}`;
    const hint = isCorrelation ? 'the rules that it watches have SQL' : 'flint rules ls shows what is loaded';
    throw new FlintError([diagnostic(isCorrelation ? 'SIGMA_NO_SQL' : 'CONFIG_BAD_USAGE', 'error', message, { hint })]);
  });
  return [...new Set(chosen)];
}

/** The query, or why there is none. */
export function sqlOf(rule: DetectionRule, dialect: SqlDialect, table: SqlTable): SqlQuery | Diagnostic {
  try {
    return selectSql(rule.predicate, dialect, table);
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    const message = `rule "${rule.details.name}" has no ${dialect.name} SQL because of ${error.feature}: ${error.message}`;
    return diagnostic('SIGMA_NO_SQL', 'error', message, { span: rule.origin });
  }
}

export interface RuleQuery {
  readonly rule: DetectionRule;
  readonly query: SqlQuery;
}

/** One script: what must be known, the functions, then a statement for each rule. */
export function sqlScript(queries: readonly RuleQuery[], dialect: SqlDialect): string {
  const functions = new Set<SqlFunction>(queries.flatMap(({ query }) => [...query.functions]));
  const head = dialect.notes.map(comment);
  const made = [...functions].map((name) => `${dialect.create(name)};`);
  const statements = queries.map(({ rule, query }) => {
    const { product, category, service } = rule.logsource;
    const source = [product, category, service].filter((part) => part !== undefined).join('/');
    const fields = query.fields.map(([column, name]) => `${column}: ${JSON.stringify(name)}`);
    const lines = [
      `rule ${JSON.stringify(rule.details.name)}, id ${JSON.stringify(rule.details.id)}`,
      ...(rule.details.author === undefined ? [] : [`by ${JSON.stringify(rule.details.author)}`]),
      `for the log source ${JSON.stringify(source)}`,
      ...(fields.length === 0 ? [] : [`fields ${fields.join(', ')}`]),
    ];
    return `${lines.map(comment).join('\n')}\n${query.text};`;
  });
  return `${[[...head, ...made].join('\n'), ...statements].join('\n\n')}\n`;
}

/** Texts inside come as JSON: no line break of a rule ends the comment. */
function comment(text: string): string {
  return `-- ${text.replace(/[\u0085\u2028\u2029]/g, ' ')}`;
}

function sqlObject({ details, logsource }: DetectionRule, query: SqlQuery, dialect: SqlDialect): object {
  return {
    id: details.id,
    name: details.name,
    logsource,
    dialect: dialect.name,
    setup: [...query.functions].map((name) => dialect.create(name)),
    sql: query.text,
  };
}
