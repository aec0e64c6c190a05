/** Which of the loaded rules a command is about: by level, status, tag and product. */
import { type Command, Option } from 'commander';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { LEVELS } from '../../core/level.ts';
import { STATUSES } from '../../rules/sigma/rule-meta.ts';
import { collect, collectFrom } from '../engine-options.ts';

export interface RuleFilter {
  readonly level?: readonly string[];
  readonly status?: readonly string[];
  readonly tag?: readonly string[];
  readonly product?: readonly string[];
}

export function addFilterOptions(command: Command): Command {
  return command
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
    .option('--product <name>', 'only rules for the product (repeatable)', collect);
}

export function isChosen(rule: DetectionRule | CorrelationRule, { level, status, tag, product }: RuleFilter): boolean {
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
