/**
 * Literals of about the kind and number that rule sets have: of each Windows rule of a Sigma archive the values of one search
 * identifier, the one whose rarest value is rarest. Not a sound choice for every condition, and not meant to be: a workload.
 */
import * as yaml from 'js-yaml';
import type { GramFrequency } from '../src/scan/gram-frequency.ts';
import type { LiteralWitness } from '../src/scan/literal-plan.ts';
import { readTarGz } from '../src/testing/tar.ts';

export function sigmaLiterals(
  archive: string,
  frequency: GramFrequency,
): { rules: number; witnesses: LiteralWitness[] } {
  const witnesses: LiteralWitness[] = [];
  let rules = 0;
  for (const { path, bytes } of readTarGz(archive)) {
    if (!path.includes('windows') || !path.endsWith('.yml')) continue;
    const detection = detectionOf(bytes.toString());
    if (detection === undefined) continue;
    const owner = rules++;
    let best: { readonly rank: number; readonly values: readonly string[] } | undefined;
    for (const [name, selection] of Object.entries(detection)) {
      if (name === 'condition' || name === 'timeframe' || name.startsWith('filter')) continue;
      const clause = clauseOf(selection, frequency);
      if (clause !== undefined && clause.rank < (best?.rank ?? Number.POSITIVE_INFINITY)) best = clause;
    }
    for (const value of best?.values ?? []) witnesses.push({ fragments: fragmentsOf(value), owners: [owner] });
  }
  return { rules, witnesses };
}

function detectionOf(text: string): Record<string, unknown> | undefined {
  const document = yaml.loadAll(text)[0] as { detection?: Record<string, unknown> } | undefined;
  return document?.detection;
}

function clauseOf(selection: unknown, frequency: GramFrequency): { rank: number; values: string[] } | undefined {
  const values: string[] = [];
  let rank = 0;
  for (const part of Array.isArray(selection) ? selection : [selection]) {
    const items = typeof part === 'object' && part !== null ? Object.entries(part) : [['', part] as const];
    let best: { rank: number; values: string[] } | undefined;
    for (const [field, value] of items) {
      if (/\|(re|base64|cidr|gt|lt|exists|fieldref|windash)/.test(field)) continue;
      const texts = (Array.isArray(value) ? value : [value]).map(String);
      if (texts.some((text) => fragmentsOf(text).length === 0)) continue;
      const worst = Math.max(
        ...texts.map((text) => Math.min(...fragmentsOf(text).map((item) => rankOf(item, frequency)))),
      );
      if (worst < (best?.rank ?? Number.POSITIVE_INFINITY)) best = { rank: worst, values: texts };
    }
    if (best === undefined) return undefined;
    values.push(...best.values);
    rank = Math.max(rank, best.rank);
  }
  return { rank, values };
}

function fragmentsOf(text: string): string[] {
  return text.match(/[A-Za-z0-9._-]{3,}/g) ?? [];
}

function rankOf(fragment: string, frequency: GramFrequency): number {
  if (fragment.length < 5) return 1e6 - fragment.length;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 4 <= fragment.length; i++)
    least = Math.min(least, frequency.perMillion(fragment.slice(i, i + 4).toLowerCase()));
  return least;
}
