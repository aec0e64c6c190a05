/**
 * LineScanner: which lines of a chunk must be decoded, and what for. With indicators alone that is the indicator scanner; with rules
 * that the event sieve knows, lines are read into the sieve, and copied to the scanner where there are indicators too.
 */
import type { PatternFilter } from '../rules/pattern-filter.ts';
import type { ScanResult, Scanner } from '../../scan/scanner.ts';
import type { Wanted } from '../detector.ts';
import { ListedValues, rulesOf } from '../rules/rule-filter.ts';
import type { FedValues } from '../state/process-feeder.ts';
import type { SieveResult } from '../../scan/event-sieve.ts';
import type { SigmaSieve } from '../rules/sigma-sieve.ts';

export interface LineScanner {
  /** Its own memory: read straight into it. */
  readonly input: Uint8Array;
  /** Bytes to be read at once; absent: as many as one scan keeps in the cache. */
  readonly readBytes?: number;
  /** Records are the lines of `input[0, length)`; `final` makes an unterminated last line a record. */
  scanLines(length: number, final: boolean): ScanResult;
  /** What candidate i of the last scan is to be examined for. */
  wantedOf(candidate: number): Wanted;
  /** The listed values of a candidate that is for nothing but tells of a process; in the same object each time. */
  fedOf?(candidate: number): FedValues | undefined;
}

const INDICATORS_ONLY: Wanted = { indicators: true, rules: false };
const RULES_ONLY: Wanted = { indicators: false, rules: true };
const LF = 0x0a;

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
  /** Values of processes are read once more after the scan: less stays close. */
  readonly readBytes = 1 << 18;
  readonly #sieve: SigmaSieve;
  readonly #scanner: Scanner;
  readonly #hasIndicators: () => boolean;
  readonly #logsource: string | undefined;
  readonly #listed: ListedValues;
  #result: SieveResult | undefined;
  /** With the candidates of the indicators; undefined: there are none. */
  #merged: Merged | undefined;

  /** `logsource`: what configuration says of the lines. */
  constructor(sieve: SigmaSieve, scanner: Scanner, hasIndicators: () => boolean, logsource?: string) {
    this.#sieve = sieve;
    this.#logsource = logsource;
    this.#scanner = scanner;
    this.#hasIndicators = hasIndicators;
    this.#listed = new ListedValues(sieve);
  }

  get input(): Uint8Array {
    return this.#sieve.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    const forRules = this.#sieve.scanLines(length, final, this.#logsource);
    const { records, consumedBytes } = forRules;
    this.#result = forRules;
    if (!this.#hasIndicators()) {
      this.#merged = undefined;
      const { candidateCount, ranges, ordinals } = forRules;
      const mayHoldBlankLines = forRules.blanks > 0;
      return { records, consumedBytes, candidateCount, ranges, ordinals, encodingOnly: 0, mayHoldBlankLines };
    }
    const { input } = this.#scanner;
    input.set(this.input.subarray(0, length));
    const rulesWanted = Array.from({ length: forRules.candidateCount }, (_, i) => sieveWants(forRules, i));
    const merged = merge(forRules, rulesWanted, this.#scanner.scanLines(length, final));
    this.#merged = merged;
    return merged.result;
  }

  wantedOf(candidate: number): Wanted {
    if (this.#merged !== undefined) return this.#merged.wanted[candidate] ?? INDICATORS_ONLY;
    return this.#result === undefined ? INDICATORS_ONLY : sieveWants(this.#result, candidate);
  }

  fedOf(candidate: number): FedValues | undefined {
    const merged = this.#merged;
    if (this.#result === undefined) return undefined;
    if (merged === undefined) return this.#listed.of(this.#result, candidate);
    const place = merged.wanted[candidate]?.indicators === true ? undefined : merged.places[candidate];
    return place === undefined ? undefined : this.#listed.of(this.#result, place);
  }
}

/** What the rules want of a candidate of the sieve. */
function sieveWants(result: SieveResult, candidate: number): Wanted {
  const sigma = rulesOf(result, candidate);
  return sigma === undefined ? RULES_ONLY : { ...RULES_ONLY, sigma };
}

/**
 * Lines for STIX patterns and indicators: both look at the same bytes, each in its own way. Without a filter every line is for the
 * rules.
 */
export class PatternLines implements LineScanner {
  readonly #patterns: PatternFilter | undefined;
  readonly #scanner: Scanner;
  #ranges = new Uint32Array(4096);
  #wanted: readonly Wanted[] = [];

  constructor(scanner: Scanner, patterns?: PatternFilter) {
    this.#patterns = patterns;
    this.#scanner = scanner;
  }

  get input(): Uint8Array {
    return this.#scanner.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    const found = this.#scanner.scanLines(length, final);
    const bytes = this.input.subarray(0, found.consumedBytes);
    const count = this.#cut(bytes);
    const flags = this.#patterns?.candidates(bytes, this.#ranges, count);
    const [ranges, ordinals]: [number[], number[]] = [[], []];
    for (let line = 0; line < count; line++) {
      if (flags !== undefined && flags[line] !== 1) continue;
      const [start = 0, end = 0] = [this.#ranges[2 * line], this.#ranges[2 * line + 1]];
      if (flags === undefined && isBlank(bytes, start, end)) continue;
      ranges.push(start, end);
      ordinals.push(line);
    }
    const forRules = {
      candidateCount: ordinals.length,
      ranges: Uint32Array.from(ranges),
      ordinals: Uint32Array.from(ordinals),
    };
    const rulesWanted = ordinals.map(() => RULES_ONLY);
    const { result, wanted } = merge(forRules, rulesWanted, found);
    this.#wanted = wanted;
    return result;
  }

  wantedOf(candidate: number): Wanted {
    return this.#wanted[candidate] ?? INDICATORS_ONLY;
  }

  /** Start and end of every line; returns how many there are. */
  #cut(bytes: Uint8Array): number {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let count = 0;
    for (let start = 0; start < text.length; count++) {
      const found = text.indexOf(LF, start);
      const end = found < 0 ? text.length : found;
      if (2 * count + 2 > this.#ranges.length) {
        const larger = new Uint32Array(2 * this.#ranges.length);
        larger.set(this.#ranges);
        this.#ranges = larger;
      }
      this.#ranges[2 * count] = start;
      this.#ranges[2 * count + 1] = end;
      start = end + 1;
    }
    return count;
  }
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] ?? 0) <= 0x20) at++;
  return at === end;
}

interface Merged {
  readonly result: ScanResult;
  readonly wanted: readonly Wanted[];
  /** Which candidate of the rules each is; undefined: of the indicators alone. */
  readonly places: readonly (number | undefined)[];
}

/** Both lists are in the order of lines; a line of both is one candidate. */
function merge(
  forRules: Pick<ScanResult, 'candidateCount' | 'ranges' | 'ordinals'>,
  rulesWanted: readonly Wanted[],
  found: ScanResult,
): Merged {
  const ranges: number[] = [];
  const ordinals: number[] = [];
  const merged: Wanted[] = [];
  const places: (number | undefined)[] = [];
  let a = 0;
  let b = 0;
  while (a < forRules.candidateCount || b < found.candidateCount) {
    const rule = a < forRules.candidateCount ? (forRules.ordinals[a] ?? 0) : Number.POSITIVE_INFINITY;
    const indicator = b < found.candidateCount ? (found.ordinals[b] ?? 0) : Number.POSITIVE_INFINITY;
    const [from, at] = rule <= indicator ? [forRules, a] : [found, b];
    ranges.push(from.ranges[2 * at] ?? 0, from.ranges[2 * at + 1] ?? 0);
    ordinals.push(Math.min(rule, indicator));
    const wanted = rule <= indicator ? rulesWanted[a] : INDICATORS_ONLY;
    merged.push({ ...(wanted ?? INDICATORS_ONLY), indicators: indicator <= rule });
    places.push(rule <= indicator ? a : undefined);
    if (rule <= indicator) a++;
    if (indicator <= rule) b++;
  }
  const result = {
    ...found,
    candidateCount: ordinals.length,
    ranges: Uint32Array.from(ranges),
    ordinals: Uint32Array.from(ordinals),
  };
  return { result, wanted: merged, places };
}
