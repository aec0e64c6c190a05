/** `flint rules ls`: the loaded Sigma rules, chosen by level, status, tag and product. */
import { Command, Option } from 'commander';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { LEVELS, STATUSES } from '../../rules/sigma/rule-meta.ts';
import type { CliCommand } from '../command.ts';
import { collect, collectFrom } from '../engine-options.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { renderTable } from '../table.ts';
import { openTerminal, say } from '../terminal.ts';
import { addRuleOptions, loadRules, type RuleOptions } from './rule-options.ts';

export interface RuleFilter {
  readonly level?: readonly string[];
  readonly status?: readonly string[];
  readonly tag?: readonly string[];
  readonly product?: readonly string[];
}

type Rule = DetectionRule | CorrelationRule;

export const lsCommand: CliCommand = {
  name: 'ls',
  build: (action) =>
    addRuleOptions(new Command('ls'))
      .description('Sigma rules: level, status, log source, title and place')
      .addOption(
        new Option('--level <level>', 'only rules of the level (repeatable)')
          .choices(LEVELS)
          .argParser(collectFrom(LEVELS)),
      )
      .addOption(
        new Option('--status <status>', 'only rules of the status (repeatable)')
          .choices(STATUSES)
          .argParser(collectFrom(STATUSES)),
      )
      .option('--tag <tag>', 'only rules with the tag or one below it: attack.t1059 (repeatable)', collect)
      .option('--product <name>', 'only rules for the product (repeatable)', collect)
      .addHelpText(
        'after',
        `
Examples:
  flint rules ls --rules sigma/rules
  flint rules ls --rules sigma/rules --level high --level critical --tag attack.t1059
  flint rules ls -c flint.yaml --product windows --json`,
      )
      .action(action((options) => list(options as RuleOptions & RuleFilter))),
};

async function list(options: RuleOptions & RuleFilter): Promise<number> {
  const terminal = openTerminal(options);
  const { detections, correlations, diagnostics } = loadRules(options);
  const all: readonly Rule[] = [...detections, ...correlations];
  const chosen = all.filter((rule) => isChosen(rule, options));
  if (terminal.json) for (const rule of chosen) terminal.out.write(`${JSON.stringify(ruleObject(rule))}\n`);
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
  say(terminal, `${chosen.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} rules${bad}`);
  return EXIT.done;
}

export function isChosen(rule: Rule, { level, status, tag, product }: RuleFilter): boolean {
  const has = (wanted: readonly string[] | undefined, value: string | undefined): boolean =>
    wanted === undefined || (value !== undefined && wanted.includes(value));
  const tags = rule.details.tags ?? [];
  return (
    has(level, rule.details.level) &&
    has(status, rule.status) &&
    (tag === undefined || tag.some((one) => tags.some((own) => own === one || own.startsWith(`${one}.`)))) &&
    has(
      product?.map((name) => name.toLowerCase()),
      rule.kind === 'detection' ? rule.logsource.product : undefined,
    )
  );
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

function ruleObject(rule: Rule): Readonly<Record<string, unknown>> {
  const { details, kind, origin, status, alerts } = rule;
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
    file: origin.file,
    line: origin.line,
  };
}
