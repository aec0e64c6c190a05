/**
 * Rule sets of any size from the SigmaHQ corpus: spread over it when smaller, and beyond it copies whose texts, expressions or, where
 * there are none, numbers were changed in all but what the condition negates (what a rule leaves out it goes on to leave out: a list
 * of known file extensions, changed, would make its rule hold for every process). They are new rules that the same log sources have to
 * bear. As rule files, which every tool can be given.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as yaml from 'js-yaml';
import { activeRuleFiles, type RuleFile } from '../src/testing/sigma-corpus.ts';

/** The corpus as files in a new folder, which it gives back. */
export function writeRules(folder: string): string {
  for (const { path, text } of activeRuleFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export function ruleFiles(corpus: readonly RuleFile[], size: number): RuleFile[] {
  if (size <= corpus.length) return corpus.filter((_, i) => (i * size) % corpus.length < size);
  const files = [...corpus];
  for (let copy = 1; files.length < size; copy++)
    for (const file of corpus) {
      if (files.length === size) break;
      files.push(altered(file, copy));
    }
  return files;
}

function altered({ path, text }: RuleFile, copy: number): RuleFile {
  const document = yaml.load(text) as Record<string, unknown>;
  const { condition, timeframe, ...definitions } = document['detection'] as Record<string, unknown>;
  const isNegated = negatedIn([condition].flat().map(String).join(' or '));
  const detection = Object.entries(definitions).map(([name, value]): [string, unknown] => {
    if (isNegated(name)) return [name, value];
    const change = new Change(copy);
    const changed = change.ofTexts(value, '');
    return [name, change.happened ? changed : change.ofNumbers(value)];
  });
  const rule = {
    ...document,
    title: `${String(document['title'])} ${copy}`,
    id: `${String(document['id'])}-${copy}`,
    detection: { ...Object.fromEntries(detection), condition, ...(timeframe !== undefined && { timeframe }) },
  };
  return { path: path.replace(/\.yml$/, `-${copy}.yml`), text: yaml.dump(rule) };
}

/** Whether a definition stands in the condition behind `not` only: one name, a pattern of names, or a part in parentheses without others. */
function negatedIn(condition: string): (name: string) => boolean {
  const negation = /\bnot\s+(?:\(([^()]*)\)|(?:(?:1|all|any) of )?([\w*]+))/g;
  const behindNot = [...condition.matchAll(negation)].map(([, group, name]) => group ?? name ?? '').join(' ');
  const rest = condition.replace(negation, ' ');
  const names = (text: string): ((name: string) => boolean) => {
    const patterns = (text.match(/[\w*]+/g) ?? []).map((word) => new RegExp(`^${word.replaceAll('*', '.*')}$`));
    return (name) => patterns.some((pattern) => pattern.test(name));
  };
  const [negated, wanted] = [names(behindNot), names(rest)];
  return (name) => negated(name) && !wanted(name);
}

class Change {
  happened = false;
  readonly #copy: number;

  constructor(copy: number) {
    this.#copy = copy;
  }

  ofTexts(value: unknown, key: string): unknown {
    if (Array.isArray(value)) return value.map((item) => this.ofTexts(item, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.ofTexts(item, name)]));
    if (typeof value !== 'string' || value === '' || /\|(?:cidr|fieldref|expand)/.test(key)) return value;
    this.happened = true;
    if (/\|re\b/.test(key)) return `x${this.#copy}${value.replace(/^\(\?[a-z]+\)/, '')}`;
    // Escapes and wildcards at the beginning stay whole.
    const start = /^(?:\\*[*?]|\\+)?.?/.exec(value)?.[0].length ?? 0;
    return `${value.slice(0, start)}${this.#copy}${value.slice(start)}`;
  }

  ofNumbers(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.ofNumbers(item));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.ofNumbers(item)]));
    return typeof value === 'number' ? value + 100_000 * this.#copy : value;
  }
}
