/**
 * Values of `file_placeholders`: the lines of a text, a column of CSV, or what a path such as `.items[].name` leads to in JSON or YAML
 * (the part of jq that names places; anything more is refused). `filter` keeps the values that a regular expression finds something in.
 */
import { load, YAMLException } from 'js-yaml';
import type { Parameters } from './parameters.ts';
import type { TransformationContext } from './value-transformations.ts';

type Read = (text: string, parameters: Parameters) => readonly string[] | undefined;

const FORMATS: Readonly<Record<'plaintext' | 'csv' | 'json' | 'yaml', Read>> = {
  plaintext: (text) =>
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  csv: csvColumn,
  json: (text, parameters) => {
    try {
      return valuesAt(JSON.parse(text), parameters);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return refuse(parameters, `the file is no JSON: ${error.message}`);
    }
  },
  yaml: (text, parameters) => {
    try {
      return valuesAt(load(text), parameters);
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      return refuse(parameters, `the file is no YAML: ${error.reason}`);
    }
  },
};

/** Undefined after reporting an error. */
export function fileValues(parameters: Parameters, context: TransformationContext): readonly string[] | undefined {
  const path = parameters.required('path');
  const format = parameters.choice('format', ['plaintext', 'csv', 'json', 'yaml'], 'plaintext');
  const filter = parameters.text('filter') === undefined ? undefined : parameters.pattern('filter', false);
  for (const key of ['csv_column', 'csv_has_header', 'jq_expression']) parameters.raw(key);
  if (path === '') return undefined;
  const text = context.readFile?.(path);
  if (text === undefined) return refuse(parameters, `file "${path}" cannot be read`, 'path');
  const values = FORMATS[format](text.replace(/^\ufeff/, ''), parameters);
  return filter === undefined ? values : values?.filter((value) => value.search(filter) >= 0);
}

function refuse(parameters: Parameters, message: string, key?: string): undefined {
  parameters.error(message, key);
  return undefined;
}

function csvColumn(text: string, parameters: Parameters): readonly string[] | undefined {
  const column = parameters.raw('csv_column');
  const hasHeader = parameters.flag('csv_has_header', true);
  const rows = csvRows(text);
  if (typeof column === 'number') return rows.slice(hasHeader ? 1 : 0).flatMap((row) => row[column] ?? []);
  if (typeof column !== 'string') return refuse(parameters, 'csv_column is missing: a name or a number from 0');
  if (!hasHeader) return refuse(parameters, 'a csv_column by name needs a header', 'csv_column');
  const at = rows[0]?.indexOf(column) ?? -1;
  if (at < 0) return refuse(parameters, `the file has no column "${column}"`, 'csv_column');
  return rows.slice(1).flatMap((row) => row[at] ?? []);
}

/** RFC 4180: quotes double inside quotes, line breaks inside quotes. */
function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

function valuesAt(root: unknown, parameters: Parameters): readonly string[] | undefined {
  const path = parameters.text('jq_expression');
  if (path === undefined) return refuse(parameters, 'jq_expression is missing: a path such as .items[].name');
  if (!/^\.(?:$|(?:(?:^|\.)?(?:[A-Za-z_]\w*|"[^"]*")?(?:\[\d*\])*)+$)/.test(path))
    return refuse(parameters, `jq_expression "${path}" is more than a path such as .items[].name`, 'jq_expression');
  let values: unknown[] = [root];
  for (const [, quoted, name, index] of path.matchAll(/\."([^"]*)"|\.?([A-Za-z_]\w*)|\[(\d*)\]/g)) {
    const key = quoted ?? name;
    values = values.flatMap((value): unknown[] => {
      if (typeof value !== 'object' || value === null) return [];
      if (key !== undefined)
        return Object.hasOwn(value, key) ? [(value as Readonly<Record<string, unknown>>)[key]] : [];
      const list: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
      return index === '' ? [...list] : [list[Number(index)]];
    });
  }
  const scalars = values.filter((value) => value !== null && value !== undefined);
  if (scalars.some((value) => typeof value === 'object'))
    return refuse(parameters, `jq_expression "${path}" leads to lists or maps, not to single values`, 'jq_expression');
  return scalars.map(String);
}
