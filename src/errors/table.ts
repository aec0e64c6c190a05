/**
 * The one table of error codes, put together from one file per area. Codes are never reused.
 * `docs/errors.md` lists the same rows; a test compares both ways.
 */
import { CONFIG_CODES } from './codes/config.ts';
import { DATA_CODES } from './codes/data.ts';
import { ENVIRONMENT_CODES } from './codes/environment.ts';
import { INTEL_CODES } from './codes/intel.ts';
import { PATTERN_CODES } from './codes/pattern.ts';
import { SERVER_CODES } from './codes/server.ts';
import { SIGMA_CODES } from './codes/sigma.ts';
import { STATE_CODES } from './codes/state.ts';

/** Who must act (style guide D1). */
export type ErrorFamily = 'user' | 'sender' | 'environment' | 'us';

export interface ErrorRow {
  readonly family: ErrorFamily;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

export const ERROR_TABLE = {
  ...CONFIG_CODES,
  ...DATA_CODES,
  ...ENVIRONMENT_CODES,
  ...INTEL_CODES,
  ...PATTERN_CODES,
  ...SERVER_CODES,
  ...SIGMA_CODES,
  ...STATE_CODES,
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof ERROR_TABLE;
