/** What the terminal can do, decided once from streams, flags and environment: colour only on a terminal, and NO_COLOR respected. */
import { printable } from '../errors/render.ts';

export interface Terminal {
  /** Data goes here. */
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Everything else goes here. */
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly colorOut: boolean;
  readonly colorErr: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

export function openTerminal(flags: { readonly quiet?: boolean; readonly json?: boolean }): Terminal {
  const wanted = process.env.NO_COLOR === undefined || process.env.NO_COLOR === '';
  return {
    out: process.stdout,
    err: process.stderr,
    colorOut: wanted && process.stdout.isTTY === true && process.env.TERM !== 'dumb',
    colorErr: wanted && process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    quiet: flags.quiet === true,
    json: flags.json === true,
  };
}

/** A line for people on the error stream; silent with --quiet. */
export function say(terminal: Terminal, text: string): void {
  if (!terminal.quiet) terminal.err.write(`${text}\n`);
}

const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof STYLES;

export function paint(enabled: boolean, style: Style, text: string): string {
  return enabled ? `\u001b[${STYLES[style][0]}m${text}\u001b[${STYLES[style][1]}m` : text;
}

/** Text of logs and feeds for one line of a terminal: no control characters, no line breaks, cut with an ellipsis. */
export function oneLine(text: string, width: number): string {
  const flat = printable(text.replace(/[\r\n\t]+/g, ' '));
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(1, width - 1))}…`;
}
