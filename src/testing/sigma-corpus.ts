/** The SigmaHQ rules, regression cases and reference matches of the shared test data, read into memory. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { EventObject } from '../core/event.ts';
import { hasSharedData, sharedData } from './shared-data.ts';
import { readTarGz } from './tar.ts';

export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

/** Rule files of the active folders (`rules`, `rules-…`), in archive order. */
export function activeRuleFiles(): RuleFile[] {
  return readTarGz(sharedData('sigma', 'sigma-rules.tar.gz'))
    .filter(({ path }) => path.startsWith('rules') && path.endsWith('.yml'))
    .map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') }));
}

export interface RegressionCase {
  readonly ruleId: string;
  readonly rulePath: string;
  readonly matchCount: number | null;
  readonly referenceRulesPerEvent: readonly (readonly string[])[];
  readonly events: readonly EventObject[];
}

export function regressionCases(): RegressionCase[] {
  const files = new Map(
    readTarGz(sharedData('sigma', 'sigma-regression.tar.gz')).map(({ path, bytes }) => [path, bytes.toString('utf8')]),
  );
  return lines(files.get('expected.ndjson') ?? '').map((line) => {
    const one = JSON.parse(line) as Omit<RegressionCase, 'events'> & { readonly events: string };
    return { ...one, events: jsonObjects(files.get(one.events) ?? '') };
  });
}

/** Events of `data/events/<name>.ndjson.gz` with the rule ids that the independent evaluator found, by line from 1. */
export function eventFile(name: string): {
  readonly events: readonly EventObject[];
  readonly reference: ReadonlyMap<number, readonly string[]>;
} {
  const reference = new Map<number, readonly string[]>();
  if (hasSharedData('events', `${name}.reference-matches.ndjson.gz`))
    for (const line of gunzipLines(sharedData('events', `${name}.reference-matches.ndjson.gz`))) {
      const row = JSON.parse(line) as { readonly line: number; readonly rules: readonly string[] };
      reference.set(row.line, row.rules);
    }
  const events = gunzipLines(sharedData('events', `${name}.ndjson.gz`)).map((line) => JSON.parse(line) as EventObject);
  return { events, reference };
}

function gunzipLines(path: string): string[] {
  return lines(gunzipSync(readFileSync(path)).toString('utf8'));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** One or several objects, one after the other or in a list. */
function jsonObjects(text: string): EventObject[] {
  const objects: EventObject[] = [];
  let depth = 0;
  let start = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (match[0] === '{' && depth++ === 0) start = match.index;
    if (match[0] === '}' && --depth === 0) objects.push(JSON.parse(text.slice(start, match.index + 1)) as EventObject);
  }
  return objects;
}
