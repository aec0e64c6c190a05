/** Plain tables for people: columns as wide as their contents, the last one cut to the terminal. Numbers stand to the right. */
import { oneLine, paint } from './terminal.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Widest in characters; default 40. */
  readonly max?: number;
}

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { color: boolean; width: number },
): string {
  const cells = rows.map((row) => columns.map((column, i) => oneLine(row[i] ?? '', column.max ?? 40)));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[], dim: boolean): string => {
    const text = columns
      .map((column, i) =>
        column.align === 'right' ? (row[i] ?? '').padStart(widths[i] ?? 0) : (row[i] ?? '').padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
    return paint(options.color && dim, 'dim', text.slice(0, Math.max(20, options.width)));
  };
  return [
    line(
      columns.map((column) => column.title),
      true,
    ),
    ...cells.map((row) => line(row, false)),
  ].join('\n');
}
