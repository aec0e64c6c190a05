/** Rule, specification and test files as configured: files, and folders recursively by extension, read as texts. */
import { type Dirent, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { IndicatorDetails } from '../../core/indicator.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { atOnce } from '../in-pieces.ts';

export interface RuleText {
  readonly path: string;
  readonly text: string;
  /** Of a rule that came in a feed: what the feed says about it. */
  readonly indicator?: IndicatorDetails;
}

const EXTENSION = /\.ya?ml$/i;
/** Tests of rules stand beside them and are no rules. */
const TEST_EXTENSION = /\.test\.ya?ml$/i;
const REGRESSION_FILE = 'info.yml';
/** Files of one configuration; beyond it something else than rules is meant. */
const MAX_FILES = 100_000;

/** Files that were read before. */
export interface KnownTexts {
  /** The file, when it is the same still. */
  of(path: string, stats: Stats): RuleText | undefined;
  /** It was read; `stats` were taken before that. */
  note(file: RuleText, stats: Stats): void;
}

export interface ReadTexts {
  readonly files: readonly RuleText[];
  readonly diagnostics: readonly Diagnostic[];
}

/** In path order, each file once. A file that is named itself is read whatever it is called; hidden files inside folders are left out. */
export function readRuleFiles(paths: readonly string[]): ReadTexts {
  return atOnce(ruleFilesIn(paths));
}

/** The same, to be done in pieces. */
export function ruleFilesIn(paths: readonly string[], known?: KnownTexts): Generator<undefined, ReadTexts> {
  return readTexts(paths, (path) => EXTENSION.test(path) && !isTestFile(path), noRules, known);
}

function noRules(path: string): Diagnostic {
  return diagnostic('SIGMA_NO_RULES', 'warning', `no rule file in "${path}": none ends in .yml or .yaml`, {
    span: { file: path },
  });
}

/** The same for tests of rules: `*.test.yml`, and the regression files of the SigmaHQ repository. */
export function readRuleTestFiles(paths: readonly string[]): ReadTexts {
  return atOnce(readTexts(paths, isTestFile));
}

export function isTestFile(path: string): boolean {
  return TEST_EXTENSION.test(path) || basename(path) === REGRESSION_FILE;
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

/** Stops behind each entry of a folder. `whenNone`: what to say of a path that gives no file. */
function* readTexts(
  paths: readonly string[],
  isMeant: (path: string) => boolean,
  whenNone?: (path: string) => Diagnostic,
  known?: KnownTexts,
): Generator<undefined, ReadTexts> {
  const files: RuleText[] = [];
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  let meant = 0;
  /** `whole`: the absolute path. `entry`: of the folder that it stands in; undefined: it is named itself. */
  function* visit(path: string, whole: string, entry?: Dirent): Generator<undefined, void> {
    if (files.length >= MAX_FILES) return;
    try {
      if (entry?.isFile() !== true && statSync(path).isDirectory()) {
        // What stands before the names; putting each path together by itself would take as long as reading.
        const [folder, wholeFolder] = [path, whole].map((each) => join(each, '_').slice(0, -1)) as [string, string];
        for (const below of readdirSync(path, { withFileTypes: true }).sort(byName)) {
          if (below.name.startsWith('.')) continue;
          yield* visit(folder + below.name, wholeFolder + below.name, below);
          yield;
        }
      } else if (entry === undefined || isMeant(path)) {
        meant++;
        if (seen.has(whole)) return;
        seen.add(whole);
        files.push(readText(path, known));
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      diagnostics.push(
        diagnostic('ENV_FILE_UNREADABLE', 'error', `"${path}" cannot be read: ${code}`, { span: { file: path } }),
      );
    }
  }
  for (const path of paths) {
    const before = meant + diagnostics.length;
    yield* visit(path, resolve(path));
    if (whenNone !== undefined && meant + diagnostics.length === before) diagnostics.push(whenNone(path));
  }
  return { files, diagnostics };
}

function readText(path: string, known: KnownTexts | undefined): RuleText {
  const stats = known === undefined ? undefined : statSync(path);
  const before = stats === undefined ? undefined : known?.of(path, stats);
  if (before !== undefined) return before;
  const file = { path, text: readFileSync(path, 'utf8') };
  if (stats !== undefined) known?.note(file, stats);
  return file;
}
