/** `flint rules coverage`: the ATT&CK techniques that the loaded rules speak of, as a table or as a layer for the ATT&CK Navigator. */
import { Command } from 'commander';
import { type AttackCoverage, attackCoverage, navigatorLayer } from '../../rules/sigma/attack-coverage.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { renderTable } from '../table.ts';
import { openTerminal, say } from '../terminal.ts';
import { addFilterOptions, isChosen, type RuleFilter } from './rule-filter.ts';
import { addRuleOptions, loadRulesAndFeeds, type RuleOptions } from './rule-options.ts';

export const coverageCommand: CliCommand = {
  name: 'coverage',
  build: (action) =>
    addFilterOptions(addRuleOptions(new Command('coverage')))
      .description('ATT&CK techniques by number of rules')
      .argument('[paths...]', 'rule files and folders, beside those of --rules and -c')
      .option('--navigator', 'a layer for the ATT&CK Navigator')
      .addHelpText(
        'after',
        `
Examples:
  flint rules coverage sigma/rules
  flint rules coverage sigma/rules --level high --level critical --navigator > layer.json`,
      )
      .action(action((paths, options) => coverage(paths as string[], options as CoverageOptions))),
};

export interface CoverageOptions extends RuleOptions, RuleFilter {
  readonly navigator?: boolean;
}

export async function coverage(paths: readonly string[], options: CoverageOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { detections, correlations } = await loadRulesAndFeeds(options, paths);
  const covered = attackCoverage([...detections, ...correlations].filter((rule) => isChosen(rule, options)));
  if (options.navigator === true) terminal.out.write(`${JSON.stringify(navigatorLayer(covered, 'flint'), null, 2)}\n`);
  else if (terminal.json) for (const one of covered.techniques) terminal.out.write(`${JSON.stringify(one)}\n`);
  else terminal.out.write(`${coverageTable(covered, terminal.colorOut)}\n`);
  const { techniques, rules, untagged } = covered;
  say(terminal, `${techniques.length} techniques by ${rules} rules; ${untagged} rules name none`);
  return EXIT.done;
}

export function coverageTable({ techniques }: AttackCoverage, color: boolean): string {
  const columns = [{ title: 'technique' }, { title: 'rules', align: 'right' as const }, { title: 'by level', max: 80 }];
  const rows = techniques.map(({ technique, rules, byLevel }) => [
    technique,
    String(rules),
    Object.entries(byLevel)
      .map(([level, count]) => `${count} ${level}`)
      .join(', '),
  ]);
  return renderTable(columns, rows, { color, width: Number.POSITIVE_INFINITY });
}
