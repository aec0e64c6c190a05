/** `flint intel lookup VALUE…`: everything that the loaded intelligence says of values; what is above and around them included. */
import { Command } from 'commander';
import {
  type KnownIndicator,
  type KnownSource,
  type LookupAnswer,
  type PrefixAnswer,
  ValueLookup,
} from '../../engine/intel/lookup-value.ts';
import { LayeredTable } from '../../core/layered-table.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { MAX_FOUND } from '../../intel/prefix-search.ts';
import { storedSources } from '../../engine/intel/stored-sources.ts';
import { type NamingPatterns, patternsNaming } from '../../intel/patterns-naming.ts';
import { shownSource } from '../../intel/shown-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, printDiagnostics } from '../exit.ts';
import { oneLine, openTerminal, paint, say } from '../terminal.ts';
import { addIntelOptions, configuredIntel, type IntelOptions } from './intel-options.ts';

export const lookupCommand: CliCommand = {
  name: 'lookup',
  build: (action) =>
    addIntelOptions(new Command('lookup'))
      .description('what is known of values, and of names above and networks around them')
      .option('--prefix', 'all indicators whose value begins with the text; a star behind it means the same')
      .option('--limit <number>', 'indicators shown of each prefix, patterns of each value', '100')
      .argument('<values...>', 'domains, addresses, networks, URLs, hashes, e-mail addresses, …; defanged ones too')
      .addHelpText(
        'after',
        `
Examples:
  flint intel lookup 'evil[.]example' -c flint.yaml
  flint intel lookup 'login-update.*' --limit 20 -c flint.yaml
  flint intel lookup 198.51.100.7 hxxp://bad.example/x --intel feeds/ --json`,
      )
      .action(action((values, options) => lookup(values as string[], options as LookupOptions))),
};

interface LookupOptions extends IntelOptions {
  readonly prefix?: boolean;
  readonly limit: string;
}

async function lookup(values: readonly string[], options: LookupOptions): Promise<number> {
  const terminal = openTerminal(options);
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_FOUND) {
    const message = `--limit "${options.limit}" is no whole number from 1 to ${MAX_FOUND}`;
    throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', message)]);
  }
  const { sources, dataDir } = configuredIntel(options);
  const { stored, missing, cacheFolder } = await storedSources(sources, dataDir);
  const set = await loadIntel(stored, {
    now: Date.now,
    urls: 'cached',
    ...(cacheFolder !== undefined && { cacheFolder }),
  });
  const broken = set.feeds.filter(({ status }) => status !== 'loaded').flatMap(({ diagnostics }) => diagnostics);
  printDiagnostics([...set.diagnostics.filter(({ code }) => code === 'INTEL_UNREADABLE'), ...broken], terminal);
  for (const source of missing) say(terminal, `not fetched, so not looked at: ${shownSource(source.source)}`);
  const table = new LayeredTable(set.indicators);
  const lookups = new ValueLookup(set, Date.now());
  for (const value of values) {
    if (options.prefix === true || (value.length > 1 && value.endsWith('*'))) {
      const prefix = value.replace(/\*$/, '');
      if (prefix.trim() === '')
        throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', `"${value}" is no prefix: it is empty`)]);
      const found = lookups.search(table, prefix, limit);
      const text = terminal.json ? JSON.stringify(found, replaceTimes) : prefixText(found, terminal.colorOut);
      terminal.out.write(`${text}\n`);
      continue;
    }
    const answer = lookups.lookup(value);
    const naming = patternsNaming(set, [value, answer.canonical ?? value], limit);
    const text = terminal.json
      ? JSON.stringify({ ...answer, patterns: naming }, replaceTimes)
      : [answerText(answer, terminal.colorOut), ...namingLines(naming)].join('\n');
    terminal.out.write(`${text}\n`);
  }
  return EXIT.done;
}

export function answerText(answer: LookupAnswer, color: boolean): string {
  const kind = answer.kind ?? 'text';
  const understood =
    answer.canonical === undefined || answer.canonical === answer.value ? '' : ` = ${answer.canonical}`;
  const lines = [`${paint(color, 'bold', oneLine(answer.value + understood, 200))}  (${kind})`];
  if (answer.benign !== undefined) {
    const { value, provider } = answer.benign;
    lines.push(`  ${paint(color, 'green', 'benign')}: "${oneLine(value, 200)}" of ${oneLine(provider, 100)}`);
  }
  if (answer.indicators.length === 0) lines.push('  not known');
  for (const indicator of answer.indicators) lines.push(...indicatorLines(indicator, color));
  return lines.join('\n');
}

function prefixText({ prefix, total, indicators }: PrefixAnswer, color: boolean): string {
  const shown = indicators.length < total ? `, the first ${indicators.length} of them` : '';
  const head = `${paint(color, 'bold', oneLine(`${prefix}*`, 200))}  ${total.toLocaleString('en')} indicators${shown}`;
  return [head, ...indicators.flatMap((indicator) => indicatorLines(indicator, color))].join('\n');
}

function indicatorLines({ kind, value, semantics, how, sources }: KnownIndicator, color: boolean): string[] {
  const reach = semantics === 'exact' ? '' : `, reaches ${semantics}`;
  const line = `  ${paint(color, 'red', kind)} ${oneLine(value, 200)}  ${how}${reach}`;
  return [line, ...sources.map((source) => `    ${sourceText(source)}`)];
}

/** Patterns of several values that name the one asked for. */
function namingLines({ total, patterns }: NamingPatterns): string[] {
  if (total === 0) return [];
  const shown = patterns.length < total ? `, the first ${patterns.length} of them` : '';
  const head = `  named by ${total === 1 ? 'a pattern' : `${total.toLocaleString('en')} patterns`} of several values${shown}`;
  const lines = patterns.map(({ provider, name, id, pattern = '' }) =>
    [provider, name, id, oneLine(pattern, 200)].map((part) => oneLine(part, 200)).join(', '),
  );
  return [head, ...lines.map((line) => `    ${line}`)];
}

function sourceText(source: KnownSource): string {
  const { validFromMs: from, validUntilMs: until } = source;
  const parts = [
    source.provider,
    source.name,
    source.confidence === undefined ? '' : `confidence ${source.confidence}`,
    source.tlp === undefined ? '' : `TLP:${source.tlp.toUpperCase()}`,
    source.validity,
    from === undefined ? '' : `from ${day(from)}`,
    until === undefined ? '' : `until ${day(until)}`,
    (source.types ?? []).join(' '),
    source.id,
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => oneLine(part, 100))
    .join(', ');
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Times as text: `validFrom` for `validFromMs` and so on. */
function replaceTimes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      key.endsWith('Ms') && typeof item === 'number' ? [key.slice(0, -2), new Date(item).toISOString()] : [key, item],
    ),
  );
}
