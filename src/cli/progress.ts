/** One progress line on the error stream for work that takes long: redrawn in place on a terminal, absent elsewhere. */
import { formatBytes } from './byte-amount.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  update(done: number, total: number, note: string): void;
  /** Removes the line; idempotent. */
  end(): void;
}

const REDRAW_MS = 100;

/** What is counted: bytes, or things of this name. */
export type ProgressUnit = 'bytes' | 'objects';

export function createProgress(terminal: Terminal, label: string, unit: ProgressUnit = 'bytes'): Progress {
  if (terminal.quiet || terminal.err.isTTY !== true) return { update: () => undefined, end: () => undefined };
  const startedMs = performance.now();
  let drawnMs = 0;
  let shown = false;
  return {
    update: (done, total, note) => {
      const nowMs = performance.now();
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      shown = true;
      terminal.err.write(
        `\r\u001b[K${progressLine(label, done, total, nowMs - startedMs, note, unit).slice(0, (terminal.err.columns || 80) - 1)}`,
      );
    },
    end: () => {
      if (shown) terminal.err.write('\r\u001b[K');
      shown = false;
    },
  };
}

export function progressLine(
  label: string,
  done: number,
  total: number,
  elapsedMs: number,
  note: string,
  unit: ProgressUnit = 'bytes',
): string {
  const amount =
    unit === 'bytes' ? formatBytes : (count: number) => `${Math.round(count).toLocaleString('en')} ${unit}`;
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const width = 24;
  const filled = Math.round(share * width);
  const bar =
    total > 0
      ? `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`
      : amount(done);
  const left = rate > 0 && total > done ? `  ${Math.ceil((total - done) / rate)} s left` : '';
  return `${label} ${bar}  ${amount(rate)}/s${left}  ${note}`;
}
