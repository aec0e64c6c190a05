/** Rows of which nothing is said any more that still holds: all their details have expired. They match nothing, and can go. */
import type { LayeredTable } from '../../core/layered-table.ts';
import type { ChangedRow, TableChange } from '../../core/table-change.ts';

export function expiredRows(layered: LayeredTable, nowMs: number): TableChange {
  const { base, delta } = layered;
  const { validUntil } = base.columns;
  const rows: ChangedRow[] = [];
  const isExpired = (number: number): boolean => (validUntil[number] ?? Number.NaN) <= nowMs;
  if (validUntil.some((until) => until <= nowMs))
    for (let row = 0; row < base.size; row++) {
      const sources = base.sourcesAt(row);
      if (sources.length > 0 && sources.every(isExpired) && layered.isLive(row))
        rows.push([base.shapeAt(row), base.valueAt(row), []]);
    }
  for (let row = 0; row < delta.size; row++)
    if (delta.isLive(row) && delta.sayingsAt(row).every(({ said }) => (said.validUntilMs ?? Number.NaN) <= nowMs))
      rows.push([delta.shapeAt(row), delta.valueAt(row), []]);
  return { details: [], rows };
}
