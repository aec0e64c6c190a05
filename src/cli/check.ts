/** `flint check`: all findings about configuration, rules and intelligence, and the memory they will take. Starts nothing. */
import { Command } from 'commander';
import { formatBytes } from './byte-amount.ts';
import { type CheckReport, checkConfig } from '../engine/config/check-config.ts';
import { loadConfig } from '../engine/config/load-config.ts';
import { type Diagnostic, diagnostic, FlintError, type Severity } from '../errors/diagnostic.ts';
import { renderDiagnostic } from '../errors/render.ts';
import { withFix } from '../errors/with-fix.ts';
import type { CliCommand } from './command.ts';
import { counted } from './count-text.ts';
import { addEngineOptions, collect, configFlags, type EngineOptions } from './engine-options.ts';
import { EXIT } from './exit.ts';
import { openTerminal, paint, type Terminal } from './terminal.ts';

interface CheckFlags extends EngineOptions {
  readonly listen?: readonly string[];
  readonly output?: readonly string[];
}

export const checkCommand: CliCommand = {
  name: 'check',
  build: (action) =>
    addEngineOptions(new Command('check'))
      .description('what is wrong with configuration, rules and intelligence; starts nothing, opens no connection')
      .option('--listen <address>', 'input address (repeatable)', collect)
      .option('--output <address>', 'output address (repeatable)', collect)
      .addHelpText(
        'after',
        `
Exits with 2 when anything is an error, a bad rule or indicator included.

Examples:
  flint check -c flint.yaml
  flint check --intel feeds/ --rules sigma/rules
  flint check -c flint.yaml --json | grep '"severity":"error"'`,
      )
      .action(action((flags) => check(flags as CheckFlags))),
};

async function check(flags: CheckFlags): Promise<number> {
  const terminal = openTerminal(flags);
  const loaded = loadConfig(
    {
      ...configFlags(flags),
      ...(flags.listen !== undefined && { listen: flags.listen }),
      ...(flags.output !== undefined && { output: flags.output }),
    },
    process.env,
  );
  if (Object.keys(flags).every((name) => name === 'json' || name === 'quiet') && !loaded.dropIn) {
    const hint = 'flint check -c flint.yaml, or --intel, --rules, --flux, --listen, --output';
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', 'nothing to check', { hint })]);
  }
  const report = await checkConfig(loaded, Date.now);
  printReport(report, terminal);
  return hasErrors(report) ? EXIT.usage : EXIT.done;
}

/** Bad entries count even when their diagnostics are beyond those kept. */
export function hasErrors(report: CheckReport): boolean {
  return report.badEntries > 0 || report.diagnostics.some(({ severity }) => severity === 'error');
}

function printReport(report: CheckReport, terminal: Terminal): void {
  const { diagnostics, ...facts } = report;
  const counts = countBySeverity(diagnostics);
  if (terminal.json) {
    for (const item of diagnostics) terminal.out.write(`${JSON.stringify({ kind: 'diagnostic', ...withFix(item) })}\n`);
    terminal.out.write(`${JSON.stringify({ kind: 'summary', ok: !hasErrors(report), ...counts, ...facts })}\n`);
    return;
  }
  for (const item of diagnostics) {
    if (terminal.quiet && item.severity !== 'error') continue;
    terminal.out.write(`${renderDiagnostic(withFix(item), { color: terminal.colorOut })}\n`);
  }
  if (!terminal.quiet) terminal.out.write(`${summaryLine(report, terminal.colorOut)}\n`);
}

export function summaryLine(report: CheckReport, color: boolean): string {
  const { error, warning, note } = countBySeverity(report.diagnostics);
  const verdict = hasErrors(report) ? paint(color, 'red', 'not good') : paint(color, 'green', 'good');
  const has = [
    counted(report.inputs, 'input'),
    counted(report.outputs, 'output'),
    `${counted(report.indicators, 'indicator')} of ${counted(report.feeds, 'feed')}`,
    ...(report.badEntries > 0 ? [counted(report.badEntries, 'bad entry', 'bad entries')] : []),
    ...(report.benign > 0 ? [counted(report.benign, 'benign value')] : []),
    counted(report.sigmaRules, 'Sigma rule'),
    ...(report.correlations > 0 ? [counted(report.correlations, 'correlation')] : []),
    ...(report.fluxRules > 0 ? [counted(report.fluxRules, 'flux rule')] : []),
    ...(report.patterns > 0 ? [counted(report.patterns, 'STIX pattern')] : []),
  ];
  const memory = `indicators take ${formatBytes(report.tableBytes)} of tables and ${formatBytes(report.scannerBytes)} of scanner memory`;
  return `${verdict}: ${counted(error, 'error')}, ${counted(warning, 'warning')}, ${counted(note, 'note')}; ${has.join(', ')}; ${memory}`;
}

function countBySeverity(diagnostics: readonly Diagnostic[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of diagnostics) counts[severity]++;
  return counts;
}
