/** Tables, progress and single lines: what people see on a terminal, whatever logs and feeds put into it. */
import { describe, expect, it } from 'vitest';
import { formatBytes } from './byte-amount.ts';
import { sampleAlert } from '../testing/sample-alert.ts';
import { alertLine } from './alert-line.ts';
import { progressLine } from './progress.ts';
import { renderTable } from './table.ts';
import { oneLine, paint } from './terminal.ts';

describe('renderTable', () => {
  it('makes columns as wide as their contents and puts numbers to the right', () => {
    const columns = [{ title: 'a' }, { title: 'count', align: 'right' as const }];
    const rows = [
      ['long name', '1'],
      ['x', '1,234,567'],
    ];
    expect(renderTable(columns, rows, { color: false, width: 80 }).split('\n')).toEqual([
      'a              count',
      'long name          1',
      'x          1,234,567',
    ]);
  });

  it('cuts cells to their limit and lines to the terminal', () => {
    const text = renderTable([{ title: 'a', max: 5 }], [['abcdefgh']], { color: false, width: 80 });
    expect(text).toBe('a\nabcd…');
    const wide = renderTable([{ title: 'a', max: 99 }], [['b'.repeat(60)]], { color: false, width: 30 });
    expect(wide.split('\n')[1]).toHaveLength(30);
  });
});

describe('lines', () => {
  it('let nothing steer the terminal', () => {
    expect(oneLine('a\u001b[2Jb\nc\td', 40)).toBe('a\\x1b[2Jb c d');
    expect(paint(false, 'red', 'x')).toBe('x');
    expect(paint(true, 'red', 'x')).toBe('\u001b[31mx\u001b[39m');
  });

  it('show an alert in the width there is', () => {
    const line = alertLine(sampleAlert(), { color: false, width: 80 });
    expect(line).not.toContain('\n');
    expect(line.length).toBeLessThanOrEqual(80);
  });

  it('show of a rule over several events what was counted, and of whom', () => {
    const alert = sampleAlert();
    const matched = [{ field: 'event_count', value: '12', item: 'event_count', how: '>= 10' }];
    const flint = { ...alert.flint, group: { host: 'ws-042', user: 'alice' }, matched };
    const line = alertLine({ ...alert, flint } as typeof alert, { color: false, width: 200 });
    expect(line).toContain('event_count 12 (>= 10) of ws-042, alice');
  });

  it('round bytes', () => {
    expect([978.47, 1023, 1024, 1_572_864].map(formatBytes)).toEqual(['978 B', '1023 B', '1.0 KiB', '1.5 MiB']);
  });
});

describe('progressLine', () => {
  it('shows share, rate and time left', () => {
    const line = progressLine('scan', 512 * 1024, 1024 * 1024, 1000, '7 records');
    expect(line).toContain('█'.repeat(12) + '░'.repeat(12));
    expect(line).toContain(' 50 %  512.0 KiB/s  1 s left  7 records');
  });

  it('shows bytes alone where the whole is not known, and never more than all', () => {
    expect(progressLine('scan', 2048, 0, 1000, '')).toContain('scan 2.0 KiB  2.0 KiB/s');
    expect(progressLine('scan', 30, 20, 1000, '')).toContain('100 %');
  });
});
