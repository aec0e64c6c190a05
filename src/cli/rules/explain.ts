/** `flint rules explain RULE EVENT`: the rule's condition as a tree with what held on the event, what did not, and what stood there. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { Event } from '../../core/event.ts';
import { readSampleEvents } from '../../engine/sample-events.ts';
import { SigmaEventRules, type SigmaExplanation } from '../../engine/sigma-rules.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Explanation } from '../../match/rule-evidence.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { oneLine, openTerminal, paint, say } from '../terminal.ts';
import { addRuleOptions, loadRules, type RuleOptions } from './rule-options.ts';

interface ExplainOptions extends RuleOptions {
  readonly logsource?: string;
}

export const explainCommand: CliCommand = {
  name: 'explain',
  build: (action) =>
    addRuleOptions(new Command('explain'))
      .description('why events do or do not match a Sigma rule')
      .argument('<rule>', 'id or title of a rule of --rules or -c, or a rule file')
      .argument('<event>', 'file with one or more events as they are logged; "-" for standard input')
      .option('--logsource <source>', 'product/category/service of the events, when they do not tell themselves')
      .addHelpText(
        'after',
        `
Examples:
  flint rules explain rule.yml event.json
  flint rules explain 5af54681-df95-4c26-854f-2565e13cfab0 event.json --rules sigma/rules
  cat event.json | flint rules explain rule.yml - --logsource windows/process_creation --json`,
      )
      .action(action((rule, event, options) => explainRule(String(rule), String(event), options as ExplainOptions))),
};

async function explainRule(name: string, path: string, options: ExplainOptions): Promise<number> {
  const terminal = openTerminal(options);
  const isFile = existsSync(name);
  const rules = loadRules(options, isFile ? [name] : []);
  printDiagnostics(
    rules.diagnostics.filter(({ severity, span }) => severity === 'error' && (!isFile || span?.file === name)),
    terminal,
  );
  const chosen = chooseRules(rules.detections, name, isFile);
  const events = readSampleEvents(path, {
    ...(options.logsource !== undefined && { logsource: options.logsource }),
    maxRecordBytes: rules.config.limits.record_bytes,
    maxDepth: rules.config.limits.json_depth,
  });
  if (events.length === 0) say(terminal, `"${path}" holds no records`);
  const engine = new SigmaEventRules(chosen);
  for (const event of events) {
    for (const rule of chosen) {
      const explained = engine.explain(rule.details.id, event);
      if (explained === undefined) continue;
      const text = terminal.json
        ? JSON.stringify(explanationObject(explained, event))
        : explanationText(explained, event, terminal.colorOut);
      terminal.out.write(`${text}\n`);
    }
  }
  return EXIT.done;
}

/** By id, by title, or all of the file. Throws FlintError when there is none. */
export function chooseRules(rules: readonly DetectionRule[], name: string, isFile: boolean): readonly DetectionRule[] {
  const chosen = rules.filter(({ details, origin }) =>
    isFile ? origin.file === name : details.id === name || details.name.toLowerCase() === name.toLowerCase(),
  );
  if (chosen.length > 0) return chosen;
  const near = suggestion(
    name,
    rules.flatMap(({ details }) => [details.id, details.name]),
  );
  const message = isFile
    ? `file "${name}" holds no detection rule that can be used`
    : `no rule "${name}" is loaded${near}`;
  const hint = 'flint rules ls shows what is loaded; correlations watch several events and are not explained on one';
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', message, { hint })]);
}

export function explanationText(
  { rule, admitted, source, tree }: SigmaExplanation,
  event: Event,
  color: boolean,
): string {
  const matches = admitted && tree.held;
  const verdict = matches ? paint(color, 'green', 'matches') : paint(color, 'red', 'does not match');
  const { product, category, service } = rule.logsource;
  const wanted = [product, category, service].filter((part) => part !== undefined).join('/');
  const seen =
    source === undefined
      ? 'of no known shape; --logsource says what it is'
      : `${source.shape}: ${[source.product ?? '', ...source.categories, ...source.services].filter((part) => part !== '').join(', ')}`;
  const place = event.origin.line > 0 ? `line ${event.origin.line}` : `record ${event.origin.record}`;
  return [
    `${place}: ${verdict} ${paint(color, 'bold', oneLine(rule.details.name, 200))}`,
    `  log source  ${admitted ? paint(color, 'green', 'fits') : paint(color, 'red', 'does not fit')}: rule for ${wanted}, event is ${oneLine(seen, 200)}`,
    ...treeLines(tree, 1, color),
  ].join('\n');
}

function treeLines(node: Explanation, depth: number, color: boolean): string[] {
  const mark = node.held ? paint(color, 'green', '+') : paint(color, 'red', '-');
  const isItem = node.children.length === 0;
  const seen = isItem
    ? `   ${paint(color, 'dim', node.seen === undefined ? 'absent' : `seen: ${oneLine(JSON.stringify(node.seen).slice(1, -1), 160)}`)}`
    : '';
  return [
    `${'  '.repeat(depth)}${mark} ${oneLine(node.text, 200)}${seen}`,
    ...node.children.flatMap((child) => treeLines(child, depth + 1, color)),
  ];
}

function explanationObject(
  { rule, admitted, source, tree }: SigmaExplanation,
  event: Event,
): Readonly<Record<string, unknown>> {
  return {
    rule: { id: rule.details.id, name: rule.details.name, logsource: rule.logsource },
    record: event.origin.record,
    line: event.origin.line,
    matches: admitted && tree.held,
    admitted,
    ...(source !== undefined && { source }),
    tree,
  };
}
