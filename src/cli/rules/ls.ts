/** `flint rules ls`: the loaded Sigma rules, those of feeds included, as a table, and how many ATT&CK techniques they speak of. */
import { Command } from 'commander';
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { attackCoverage } from '../../rules/sigma/attack-coverage.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { renderTable } from '../table.ts';
import { type CoverageOptions, coverage } from './coverage.ts';
import { openTerminal, say } from '../terminal.ts';
import { addFilterOptions, isChosen, type RuleFilter } from './rule-filter.ts';
import { addRuleOptions, loadRulesAndFeeds, type RuleOptions } from './rule-options.ts';

type Rule = DetectionRule | CorrelationRule;

export const lsCommand: CliCommand = {
  name: 'ls',
  build: (action) =>
    addFilterOptions(addRuleOptions(new Command('ls')))
      .description('Sigma rules, those of feeds included: level, status, log source, title and place')
      .argument('[paths...]', 'rule files and folders, beside those of --rules and -c')
      .option('--coverage', 'the ATT&CK techniques of these rules instead, as "flint rules coverage" shows them')
      .option('--navigator', 'these techniques as a layer for the ATT&CK Navigator')
      .addHelpText(
        'after',
        `
Examples:
  flint rules ls sigma/rules
  flint rules ls sigma/rules --level high --level critical --tag attack.t1059
  flint rules ls -c flint.yaml --product windows --json
  flint rules ls sigma/rules --navigator > layer.json`,
      )
      .action(
        action((paths, options) => {
          const chosen = options as ListOptions;
          const isCoverage = chosen.coverage === true || chosen.navigator === true;
          return isCoverage ? coverage(paths as string[], chosen) : list(paths as string[], chosen);
        }),
      ),
};

type ListOptions = CoverageOptions & { readonly coverage?: boolean };

async function list(paths: readonly string[], options: RuleOptions & RuleFilter): Promise<number> {
  const terminal = openTerminal(options);
  const { detections, correlations, diagnostics, fromFeeds } = await loadRulesAndFeeds(options, paths);
  const all: readonly Rule[] = [...detections, ...correlations];
  const chosen = all.filter((rule) => isChosen(rule, options));
  if (terminal.json) for (const rule of chosen) terminal.out.write(`${JSON.stringify(ruleObject(rule, fromFeeds))}\n`);
  else if (chosen.length > 0) {
    const columns = [
      { title: 'level' },
      { title: 'status' },
      { title: 'log source', max: 40 },
      { title: 'title', max: 70 },
      { title: 'id', max: 40 },
      { title: 'place', max: 100 },
    ];
    const width = terminal.out.isTTY === true ? terminal.out.columns || 120 : Number.POSITIVE_INFINITY;
    terminal.out.write(`${renderTable(columns, chosen.map(ruleRow), { color: terminal.colorOut, width })}\n`);
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  printDiagnostics(errors, terminal);
  const bad = errors.length === 0 ? '' : `, ${errors.length.toLocaleString('en')} errors in others`;
  const { techniques } = attackCoverage(chosen);
  const fed = chosen.filter(({ origin }) => fromFeeds.has(origin.file)).length;
  const ofFeeds = fed === 0 ? '' : `, ${fed.toLocaleString('en')} of them from feeds`;
  const counts = `${chosen.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} rules${ofFeeds}${bad}`;
  say(terminal, `${counts}; ${techniques.length} ATT&CK techniques: see flint rules coverage`);
  return EXIT.done;
}

export function ruleRow(rule: Rule): string[] {
  const { details, origin } = rule;
  return [
    details.level ?? '',
    rule.status ?? '',
    sourceOf(rule),
    details.name,
    details.id,
    `${origin.file}:${origin.line}`,
  ];
}

function sourceOf(rule: Rule): string {
  if (rule.kind === 'correlation') return `${rule.type} of ${rule.rules.length}`;
  const { product, category, service } = rule.logsource;
  return [product, category, service].filter((part) => part !== undefined).join('/');
}

function ruleObject(rule: Rule, fromFeeds: ReadonlyMap<string, IndicatorDetails>): Readonly<Record<string, unknown>> {
  const { details, kind, origin, status, alerts } = rule;
  const indicator = fromFeeds.get(origin.file);
  const own =
    rule.kind === 'detection'
      ? { logsource: rule.logsource }
      : { type: rule.type, rules: rule.rules, groupBy: rule.groupBy, timespanMs: rule.timespanMs };
  return {
    kind,
    ...details,
    ...(status !== undefined && { status }),
    ...own,
    alerts,
    ...(indicator !== undefined && { indicator: { id: indicator.id, provider: indicator.provider } }),
    file: origin.file,
    line: origin.line,
  };
}
