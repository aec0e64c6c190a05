/** Reads vectors.yaml: specifications and rows with what must come of them. The format is told in its first lines. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { EventObject, EventValue } from '../../src/core/event.ts';
import type { FluxEngineOptions } from '../../src/state/flux/engine.ts';

export type TagMaps = Record<string, Record<string, boolean | null>>;
type Row = string | { fill: number } | { sigma: TagMaps; expect: TagMaps };

export interface Vector {
  readonly id: string;
  readonly rule: Record<string, unknown>;
  readonly more?: readonly Record<string, unknown>[];
  readonly rows: readonly Row[];
  readonly fires?: readonly number[];
  readonly options?: Partial<FluxEngineOptions>;
  /** Id of an ancestor with the tag, and the ids below it on the way to the last row of the chain. */
  readonly ancestors?: Record<string, readonly string[]>;
  readonly incomplete?: readonly number[];
}

export interface Step {
  readonly fields: EventObject;
  readonly timeMs: number;
  /** What must come out; undefined for filling rows. */
  readonly expected: TagMaps | readonly string[] | undefined;
}

export const { vectors } = parse(readFileSync(new URL('vectors.yaml', import.meta.url), 'utf8')) as {
  vectors: Vector[];
};

/** The rules of a vector as a specification holds them; the first is the one that `fires` speaks of. */
export function rulesOf(vector: Vector): readonly Readonly<Record<string, unknown>>[] {
  return [{ rulename: 'r', ...vector.rule }, ...(vector.more ?? []), FILL].map((rule) => ({
    ...rule,
    tags: (rule as { tags: string[] }).tags.map((name) => ({ name })),
  }));
}

/** Remembers one fact for each row with an id of its own. */
export const FILL = { rulename: 'fill', action: 'parent', parent: 'fill_parent', child: 'fill_id', tags: ['f'] };

export function stepsOf(rows: readonly Row[], rule: string): Step[] {
  const steps: Step[] = [];
  for (const row of rows) {
    const timeMs = steps.length * 1000;
    if (row === '||') continue;
    if (typeof row === 'string') steps.push(parseRow(row, rule, timeMs));
    else if ('fill' in row) {
      for (let i = 0; i < row.fill; i++)
        steps.push({
          fields: { host: 'H', fill_id: `f${timeMs}-${i}`, sigma: { fill: { f: true } } },
          timeMs,
          expected: undefined,
        });
    } else steps.push({ fields: { host: 'H', sigma: row.sigma }, timeMs, expected: row.expect });
  }
  return steps;
}

function parseRow(text: string, rule: string, defaultMs: number): Step {
  const [place = '', input = '', output = ''] = text.split('|').map((part) => part.trim());
  const fields: Record<string, EventValue> = { host: 'H' };
  let timeMs = defaultMs;
  const value = (word: string): EventValue => (word === 'null' ? null : word === '""' ? '' : word);
  for (const word of place.split(' ').filter((each) => each !== '')) {
    if (/^t\d+$/.test(word)) timeMs = Number(word.slice(1)) * 1000;
    else if (/^H\d$/.test(word)) fields['host'] = word;
    else if (word.startsWith('@')) {
      const [g = '', h = ''] = word.slice(1).split(',');
      Object.assign(fields, { g: value(g), h: value(h) });
    } else {
      const [id = '', parent = ''] = word.split('<');
      Object.assign(fields, { id: value(id), parent_id: value(parent) });
    }
  }
  const sigma: TagMaps = {};
  for (const word of words(input, rule)) {
    const [name = '', tag = ''] = word.split(':');
    sigma[name] = { ...sigma[name], [tag]: true };
  }
  return { fields: { ...fields, sigma }, timeMs, expected: words(output, rule).sort() };
}

function words(text: string, rule: string): string[] {
  return text
    .split(' ')
    .flatMap((word) => (word === '-' || word === '' ? [] : word.includes(':') ? word : `${rule}:${word}`));
}

export function trueTags(sigma: EventValue | undefined): string[] {
  return Object.entries(sigma as unknown as TagMaps)
    .flatMap(([rule, tags]) => Object.entries(tags).flatMap(([tag, value]) => (value === true ? `${rule}:${tag}` : [])))
    .sort();
}

export function withoutFill(sigma: EventObject): EventObject {
  return Object.fromEntries(Object.entries(sigma).filter(([rule]) => rule !== 'fill'));
}
