/**
 * `flint rules explain RULE EVENT`: the rule's condition as a tree with what held on the event, what did not, and what stood there. Of
 * rules over several events: what became of their windows (explain-windows.ts).
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { readSampleEvents } from '../../engine/rules/sample-events.ts';
import { contextForRules } from '../../engine/state/process-context.ts';
import { SigmaEventRules } from '../../engine/rules/sigma-rules.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { openTerminal, say } from '../terminal.ts';
import { explanationObject, explanationText } from './explanation-text.ts';
import { collect } from '../engine-options.ts';
import { chooseWindows, explainWindows, type WindowOptions } from './explain-windows.ts';
import { addRuleOptions, loadRules } from './rule-options.ts';

type ExplainOptions = WindowOptions;

export const explainCommand: CliCommand = {
  name: 'explain',
  build: (action) =>
    addRuleOptions(new Command('explain'))
      .description(
        'why events do or do not match a rule; of rules over several events, what their windows held and lacked',
      )
      .argument('<rule>', 'id or title of a rule, flux rule or pattern of what is loaded, or a rule file')
      .argument('<event>', 'file with one or more events as they are logged; "-" for standard input')
      .option('--flux <spec>', 'flux specification (repeatable)', collect)
      .option('--flux-group <field>', 'field that holds the group key of flux specifications')
      .option(
        '--intel <source>',
        'indicators whose patterns over several observations may be asked for (repeatable)',
        collect,
      )
      .option('--filter <text>', 'rules over several events: only groups with this text in a value of their key')
      .option('--limit <count>', 'rules over several events: groups shown for each rule; default 20')
      .option('--logsource <source>', 'product/category/service of the events, when they do not tell themselves')
      .addHelpText(
        'after',
        `
Examples:
  flint rules explain rule.yml event.json
  flint rules explain 5af54681-df95-4c26-854f-2565e13cfab0 event.json --rules sigma/rules
  flint rules explain correlation.yml events.ndjson --rules sigma/rules --filter alice
  flint rules explain flux.yml events.ndjson --flux-group host_id
  flint rules explain indicator--9c7f... events.ndjson --intel bundle.json
  cat event.json | flint rules explain rule.yml - --logsource windows/process_creation --json`,
      )
      .action(action((rule, event, options) => explainRule(String(rule), String(event), options as ExplainOptions))),
};

async function explainRule(name: string, path: string, options: ExplainOptions): Promise<number> {
  const terminal = openTerminal(options);
  const isFile = existsSync(name);
  const windows = chooseWindows(name, isFile, options);
  if (windows !== undefined) return explainWindows(windows, path, options);
  const searchesOf = isFile ? basename(name).replace(/\.ya?ml$/i, '') : name;
  const rules = loadRules(options, isFile ? [name] : [], searchesOf);
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
  const searches = rules.identifiers.map(({ identifier, rule }) => ({ identifier, id: rule.details.id }));
  const asked = [...chosen, ...rules.identifiers.map(({ rule }) => rule)];
  const processes = contextForRules(asked);
  const engine = new SigmaEventRules(asked, processes);
  for (const event of events) {
    // Starts of parents stand earlier in the file.
    processes?.show(event, engine.viewOf(event));
    for (const rule of chosen) {
      const explained = engine.explain(rule.details.id, event);
      if (explained === undefined) continue;
      const held = new Map<string, boolean>();
      for (const { identifier, id } of searches)
        if (id === `${rule.details.id}#${identifier}`)
          held.set(identifier, engine.explain(id, event)?.tree.held === true);
      const text = terminal.json
        ? JSON.stringify({ ...explanationObject(explained, event), searches: Object.fromEntries(held) })
        : explanationText(explained, event, terminal.colorOut, 'everything', held);
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
  const hint = 'flint rules ls shows what is loaded; flux rules need --flux, patterns --intel';
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', message, { hint })]);
}
