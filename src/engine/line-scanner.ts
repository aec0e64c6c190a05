/**
 * LineScanner: which lines of a chunk must be decoded, and what for. With indicators alone that is the indicator scanner; with rules
 * that the event sieve knows, lines are read into the sieve, and copied to the scanner where there are indicators too.
 */
import type { ScanResult, Scanner } from '../scan/scanner.ts';
import type { Wanted } from './detector.ts';
import { rulesOf } from './rule-filter.ts';
import type { SigmaSieve } from './sigma-sieve.ts';

export interface LineScanner {
  /** Its own memory: read straight into it. */
  readonly input: Uint8Array;
  /** Records are the lines of `input[0, length)`; `final` makes an unterminated last line a record. */
  scanLines(length: number, final: boolean): ScanResult;
  /** What candidate i of the last scan is to be examined for. */
  wantedOf(candidate: number): Wanted;
}

const INDICATORS_ONLY: Wanted = { indicators: true, rules: false };

export class IndicatorLines implements LineScanner {
  readonly #scanner: Scanner;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  get input(): Uint8Array {
    return this.#scanner.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    return this.#scanner.scanLines(length, final);
  }

  wantedOf(): Wanted {
    return INDICATORS_ONLY;
  }
}

export class RuleLines implements LineScanner {
  readonly #sieve: SigmaSieve;
  readonly #scanner: Scanner;
  readonly #hasIndicators: () => boolean;
  #wanted: Wanted[] = [];

  constructor(sieve: SigmaSieve, scanner: Scanner, hasIndicators: () => boolean) {
    this.#sieve = sieve;
    this.#scanner = scanner;
    this.#hasIndicators = hasIndicators;
  }

  get input(): Uint8Array {
    return this.#sieve.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    const forRules = this.#sieve.scanLines(length, final);
    const { records, consumedBytes } = forRules;
    const rulesWanted = Array.from({ length: forRules.candidateCount }, (_, i): Wanted => {
      const sigma = rulesOf(forRules, i);
      return { indicators: false, rules: true, ...(sigma !== undefined && { sigma }) };
    });
    if (!this.#hasIndicators()) {
      this.#wanted = rulesWanted;
      const { candidateCount, ranges, ordinals } = forRules;
      const mayHoldBlankLines = forRules.blanks > 0;
      return { records, consumedBytes, candidateCount, ranges, ordinals, encodingOnly: 0, mayHoldBlankLines };
    }
    const { input } = this.#scanner;
    input.set(this.input.subarray(0, length));
    return this.#merge(forRules, rulesWanted, this.#scanner.scanLines(length, final));
  }

  wantedOf(candidate: number): Wanted {
    return this.#wanted[candidate] ?? INDICATORS_ONLY;
  }

  /** Both lists are in the order of lines; a line of both is one candidate. */
  #merge(
    forRules: Pick<ScanResult, 'candidateCount' | 'ranges' | 'ordinals'>,
    rulesWanted: readonly Wanted[],
    found: ScanResult,
  ): ScanResult {
    const ranges: number[] = [];
    const ordinals: number[] = [];
    this.#wanted = [];
    let a = 0;
    let b = 0;
    while (a < forRules.candidateCount || b < found.candidateCount) {
      const rule = a < forRules.candidateCount ? (forRules.ordinals[a] ?? 0) : Number.POSITIVE_INFINITY;
      const indicator = b < found.candidateCount ? (found.ordinals[b] ?? 0) : Number.POSITIVE_INFINITY;
      const [from, at] = rule <= indicator ? [forRules, a] : [found, b];
      ranges.push(from.ranges[2 * at] ?? 0, from.ranges[2 * at + 1] ?? 0);
      ordinals.push(Math.min(rule, indicator));
      const wanted = rule <= indicator ? rulesWanted[a] : INDICATORS_ONLY;
      this.#wanted.push({ ...(wanted ?? INDICATORS_ONLY), indicators: indicator <= rule });
      if (rule <= indicator) a++;
      if (indicator <= rule) b++;
    }
    return {
      ...found,
      candidateCount: ordinals.length,
      ranges: Uint32Array.from(ranges),
      ordinals: Uint32Array.from(ordinals),
    };
  }
}
