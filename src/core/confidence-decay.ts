/**
 * Confidence that fades with age: an address that was bad two years ago says less than one of yesterday. Two models, both by the time
 * after which half is left; age counts from what the source states last (`modified`, else `valid_from`), so that an entry of a list
 * without times does not fade: the list still says it. Model `linear` is the one of MISP with the exponent 1.
 *
 *   exponential   confidence * 2^(-age / half-life)
 *   linear        confidence * (1 - age / (2 * half-life)), 0 from twice the half-life on
 */
import type { IndicatorDetails } from './indicator.ts';

export const DECAY_MODELS = ['linear', 'exponential'] as const;
export type DecayModel = (typeof DECAY_MODELS)[number];

export interface ConfidenceDecay {
  readonly model: DecayModel;
  readonly halfLifeMs: number;
  /** Confidence does not fade below it; 0 to 100. */
  readonly floor: number;
  /** A source whose confidence has faded below it counts no more, as if it had expired; 0: never. */
  readonly endsBelow: number;
}

const SHARE: Readonly<Record<DecayModel, (halfLives: number) => number>> = {
  linear: (halfLives) => Math.max(0, 1 - halfLives / 2),
  exponential: (halfLives) => 2 ** -halfLives,
};

/** The same details with the confidence at a time, rounded; unchanged where nothing fades. */
export function decayedAt<T extends IndicatorDetails>(details: T, atMs: number): T {
  const { decay, confidence, modifiedMs, validFromMs } = details;
  const sinceMs = modifiedMs ?? validFromMs;
  if (decay === undefined || confidence === undefined || sinceMs === undefined || atMs <= sinceMs) return details;
  const faded = confidence * SHARE[decay.model]((atMs - sinceMs) / decay.halfLifeMs);
  return { ...details, confidence: Math.round(Math.max(faded, Math.min(confidence, decay.floor))) };
}

/** Whether details, as `decayedAt` returned them, have faded so far that they count no more. */
export function hasFaded({ decay, confidence }: IndicatorDetails): boolean {
  return decay !== undefined && confidence !== undefined && confidence < decay.endsBelow;
}
