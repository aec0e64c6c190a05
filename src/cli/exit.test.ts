import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { exitCodeOf, EXIT, printDiagnostics, reportFailure } from './exit.ts';
import type { Terminal } from './terminal.ts';

function capture(quiet: boolean): { terminal: Terminal; text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  return {
    terminal: { out: stream, err: stream, colorOut: false, colorErr: false, quiet, json: false },
    text: () => text,
  };
}
const bad = diagnostic('CONFIG_BAD_VALUE', 'error', 'x is wrong');
const odd = diagnostic('INTEL_BAD_VALUE', 'warning', 'y is odd');

describe('exit', () => {
  it('says with --quiet only what is an error', () => {
    const [loud, quiet] = [capture(false), capture(true)];
    printDiagnostics([bad, odd], loud.terminal);
    printDiagnostics([bad, odd], quiet.terminal);
    expect(loud.text()).toContain('y is odd');
    expect(quiet.text()).toContain('x is wrong');
    expect(quiet.text()).not.toContain('y is odd');
  });

  it('says once for each code how to mend it', () => {
    const { terminal, text } = capture(false);
    printDiagnostics([bad, bad, { ...odd, hint: 'own' }], terminal);
    expect(text().match(/hint: .*/g)).toEqual([
      'hint: give a value of the type and range that the message states',
      'hint: own',
    ]);
  });

  it('tells user errors from those of the surroundings, and both from bugs', () => {
    const busy = diagnostic('ENV_DATA_DIR_BUSY', 'error', 'busy');
    const missing = diagnostic('ENV_FILE_UNREADABLE', 'error', 'gone');
    expect([[], [odd], [bad], [busy], [busy, bad], [missing]].map(exitCodeOf)).toEqual([
      EXIT.done,
      EXIT.done,
      EXIT.usage,
      EXIT.unavailable,
      EXIT.usage,
      EXIT.usage,
    ]);
    const { terminal, text } = capture(false);
    expect(reportFailure(new FlintError([bad]), terminal)).toBe(EXIT.usage);
    expect(reportFailure(new Error('bug'), terminal)).toBe(EXIT.failed);
    expect(text()).toContain('unexpected failure: Error: bug');
  });
});
