/**
 * The properties of a STIX object that an indicator is made of, read with tolerance: wrong types count as absent, times in
 * other spellings are accepted with a note, long texts are cut. Both 2.0 and 2.1.
 */
import type { KillChainPhase } from '../../core/indicator.ts';
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';

export type StixObject = Readonly<Record<string, unknown>>;

const OPENCTI_EXTENSION = 'extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba';
const MAX_NAME = 1024;
const MAX_DESCRIPTION = 4096;
const MAX_ITEMS = 20;
const MAX_ITEM = 512;

export interface ReadTime {
  /** Milliseconds since the epoch, with the fraction that the text has. */
  readonly ms: number;
  /** False when the text is no STIX timestamp but another form that was understood. */
  readonly strict: boolean;
}

/** Undefined when the property is absent; `null` when it is there and no time. */
export function timeOf(object: StixObject, key: string): ReadTime | null | undefined {
  const text = object[key];
  if (text === undefined || text === null) return undefined;
  if (typeof text !== 'string') return null;
  const ns = parseStixTimestamp(text);
  if (ns !== undefined) return { ms: Number(ns / 1000n) / 1000, strict: true };
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(withZone(text)) : Number.NaN;
  return Number.isNaN(ms) ? null : { ms, strict: false };
}

export function textOf(object: StixObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function nameOf(object: StixObject): string | undefined {
  return textOf(object, 'name')?.slice(0, MAX_NAME);
}

export function descriptionOf(object: StixObject): string | undefined {
  return textOf(object, 'description')?.slice(0, MAX_DESCRIPTION);
}

/** 0 to 100; anything else is absent. Where nothing is said, the score that OpenCTI gives its indicators. */
export function confidenceOf(object: StixObject): number | undefined {
  return (
    percentOf(object['confidence']) ??
    percentOf(object['x_opencti_score']) ??
    percentOf(member(member(object['extensions'], OPENCTI_EXTENSION), 'score'))
  );
}

function percentOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 100 ? Math.round(value) : undefined;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** `indicator_types`, or `labels` where 2.0 keeps the same idea. */
export function typesOf(object: StixObject): readonly string[] | undefined {
  const types = texts(object['indicator_types'] ?? object['labels']);
  return types.length === 0 ? undefined : types;
}

export function killChainOf(object: StixObject): readonly KillChainPhase[] | undefined {
  const phases: KillChainPhase[] = [];
  for (const item of list(object['kill_chain_phases'])) {
    if (typeof item !== 'object' || item === null) continue;
    const { kill_chain_name: chain, phase_name: phase } = item as Record<string, unknown>;
    if (typeof chain === 'string' && typeof phase === 'string')
      phases.push({ chain: chain.slice(0, MAX_ITEM), phase: phase.slice(0, MAX_ITEM) });
  }
  return phases.length === 0 ? undefined : phases.slice(0, MAX_ITEMS);
}

/** Addresses of the external references; a reference without one by its source and id. */
export function referencesOf(object: StixObject): readonly string[] | undefined {
  const references: string[] = [];
  for (const item of list(object['external_references'])) {
    if (typeof item !== 'object' || item === null) continue;
    const { url, source_name: source, external_id: id } = item as Record<string, unknown>;
    if (typeof url === 'string' && url !== '') references.push(url.slice(0, 4 * MAX_ITEM));
    else if (typeof source === 'string' && typeof id === 'string')
      references.push(`${source}:${id}`.slice(0, MAX_ITEM));
  }
  return references.length === 0 ? undefined : references.slice(0, MAX_ITEMS);
}

function texts(value: unknown): string[] {
  return list(value)
    .filter((item) => typeof item === 'string')
    .slice(0, MAX_ITEMS)
    .map((item) => item.slice(0, MAX_ITEM));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A date and time without zone is read as UTC, as everywhere in Flint. */
function withZone(text: string): string {
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
}
