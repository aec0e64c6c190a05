/**
 * Pipelines as configured: files, folders, or the names of built-in ones, whose files lie in the package's folder `pipelines/`. What
 * pipelines name in turn (values of placeholders) is read with them, so that every thread compiles the same.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import { parsePipelineFile } from '../../rules/sigma/pipeline/parse-pipeline.ts';
import { BUILT_IN_PIPELINES } from '../package-folders.ts';
import { type ReadTexts, readRuleFiles, type RuleText } from './rule-files.ts';

/** Longest file of placeholder values. */
const MAX_VALUE_FILE_BYTES = 16 << 20;

export function builtInPipelines(): readonly string[] {
  return readdirSync(BUILT_IN_PIPELINES)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => name.slice(0, -'.yml'.length))
    .sort();
}

/** A name without dot or slash that is no file on disk stands for a built-in pipeline. */
export function readPipelineFiles(entries: readonly string[]): ReadTexts {
  const paths: string[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const entry of entries) {
    if (/[./\\]/.test(entry) || existsSync(entry)) paths.push(entry);
    else if (/^\w+$/.test(entry) && existsSync(join(BUILT_IN_PIPELINES, `${entry}.yml`)))
      paths.push(join(BUILT_IN_PIPELINES, `${entry}.yml`));
    else {
      const names = builtInPipelines();
      const message = `pipeline "${entry}" is neither a file nor built in${suggestion(entry, names)}`;
      diagnostics.push(diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint: `built in: ${names.join(', ')}` }));
    }
  }
  const read = readRuleFiles(paths);
  return { files: read.files, diagnostics: [...diagnostics, ...read.diagnostics] };
}

/** Texts of the files that the pipelines take values from. */
export function readPipelineData(pipelines: readonly RuleText[]): readonly RuleText[] {
  const texts = new Map<string, string>();
  for (const file of pipelines) {
    const usable = (): undefined => undefined;
    parsePipelineFile(file, [], usable, (path) => {
      const text = readValues(path);
      if (text !== undefined) texts.set(path, text);
      return text;
    });
  }
  return [...texts].map(([path, text]) => ({ path, text }));
}

/** What cannot be read is reported where the pipeline is loaded. */
function readValues(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_VALUE_FILE_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
