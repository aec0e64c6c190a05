/**
 * LineScanner: which lines of a chunk must be decoded, and what for. With indicators alone that is the indicator scanner; with rules
 * that the event sieve knows, lines are read into the sieve, and copied to the scanner where there are indicators or patterns too.
 */
import type { CandidateLines, PatternFilter } from '../rules/pattern-filter.ts';
import type { ScanResult, Scanner } from '../../scan/scanner.ts';
import type { Wanted } from '../detector.ts';
import { ListedValues, type PinnedSource, type RuleFilter, rulesOf } from '../rules/rule-filter.ts';
import type { FedValues } from '../state/process-feeder.ts';
import type { SieveResult } from '../../scan/sieve-result.ts';
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
  /** Only the thread that learns can tell what a candidate is for. */
  isLeft?(candidate: number): boolean;
}

/** What a line that only the scanner's tables found is for. */
export const INDICATORS_ONLY: Wanted = { indicators: true, rules: false };
/** The same where the tables hold tokens of patterns too. */
export const INDICATORS_AND_PATTERNS: Wanted = { indicators: true, rules: true, sigma: new Uint32Array(0) };
const RULES_ONLY: Wanted = { indicators: false, rules: true };
const LF = 0x0a;

export class IndicatorLines implements LineScanner {
  readonly #scanner: Scanner;
  readonly #found: Wanted;

  constructor(scanner: Scanner, found = INDICATORS_ONLY) {
    this.#scanner = scanner;
    this.#found = found;
  }

  get input(): Uint8Array {
    return this.#scanner.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    return this.#scanner.scanLines(length, final);
  }

  wantedOf(): Wanted {
    return this.#found;
  }
}

export class RuleLines implements LineScanner {
  /** Candidates are examined behind the scan: the more there are the longer that code and what it needs stay close. */
  readonly readBytes = 1 << 20;
  readonly #sieve: SigmaSieve;
  readonly #scanner: Scanner;
  readonly #hasIndicators: () => boolean;
  readonly #logsource: string | undefined;
  readonly #listed: ListedValues;
  #result: SieveResult | undefined;
  readonly #patterns: PatternFilter | undefined;
  readonly #foundWanted: Wanted;
  /** With the candidates of patterns and indicators; undefined: there are none. */
  #merged: Merged | undefined;

  /** `logsource`: what configuration says of the lines. `foundWanted`: what lines that the scanner finds are for. */
  constructor(
    sieve: SigmaSieve,
    scanner: Scanner,
    hasIndicators: () => boolean,
    logsource?: string,
    patterns?: PatternFilter,
    foundWanted = INDICATORS_ONLY,
  ) {
    this.#foundWanted = foundWanted;
    this.#sieve = sieve;
    this.#logsource = logsource;
    this.#scanner = scanner;
    this.#hasIndicators = hasIndicators;
    this.#patterns = patterns;
    this.#listed = new ListedValues(sieve);
  }

  get input(): Uint8Array {
    return this.#sieve.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    const forRules = this.#sieve.scanLines(length, final, this.#logsource);
    const { records, consumedBytes } = forRules;
    this.#result = forRules;
    const { candidateCount, ranges, ordinals } = forRules;
    const mayHoldBlankLines = forRules.blanks > 0;
    const alone = { records, consumedBytes, candidateCount, ranges, ordinals, encodingOnly: 0, mayHoldBlankLines };
    const hasIndicators = this.#hasIndicators();
    const { input } = this.#scanner;
    // Patterns are searched for there as well.
    if (hasIndicators) input.set(this.input.subarray(0, length));
    const forPatterns = this.#patterns?.candidateLines((hasIndicators ? input : this.input).subarray(0, consumedBytes));
    this.#merged = undefined;
    if (!hasIndicators && (forPatterns === undefined || forPatterns.candidateCount === 0)) return alone;
    const found = hasIndicators ? this.#scanner.scanLines(length, final) : { ...alone, candidateCount: 0 };
    const rulesWanted = Array.from({ length: candidateCount }, (_, i) => sieveWants(forRules, i));
    const lists: CandidateLists = {
      rules: forRules,
      rulesWanted,
      found,
      foundWanted: this.#foundWanted,
      ...(forPatterns !== undefined && { forPatterns }),
    };
    this.#merged = merge(lists);
    return this.#merged.result;
  }

  wantedOf(candidate: number): Wanted {
    if (this.#merged !== undefined) return this.#merged.wanted[candidate] ?? this.#foundWanted;
    return this.#result === undefined ? this.#foundWanted : sieveWants(this.#result, candidate);
  }

  isLeft(candidate: number): boolean {
    const place = this.#merged === undefined ? candidate : this.#merged.rulePlaces[candidate];
    return place !== undefined && this.#result?.left[place] === 1;
  }

  fedOf(candidate: number): FedValues | undefined {
    const merged = this.#merged;
    if (this.#result === undefined) return undefined;
    if (merged === undefined) return this.#listed.of(this.#result, candidate);
    const place = merged.places[candidate];
    return place === undefined ? undefined : this.#listed.of(this.#result, place);
  }
}

/** What the rules want of a candidate of the sieve, which has read those that are not for all rules. */
function sieveWants(result: SieveResult, candidate: number): Wanted {
  const sigma = rulesOf(result, candidate);
  return sigma === undefined ? RULES_ONLY : { indicators: false, rules: true, sigma, isRead: true };
}

function wantedBy(sigma: Uint32Array | undefined): Wanted {
  return sigma === undefined ? RULES_ONLY : { ...RULES_ONLY, sigma };
}

/** Candidate lines for rules, and what these want of each. */
interface RuleCandidates {
  readonly rules: CandidateLines;
  readonly rulesWanted: readonly Wanted[];
}

/** Lines for rules and indicators: both look at the same bytes, one after the other, each in its own way. */
class LinesBesideIndicators implements LineScanner {
  readonly readBytes = 1 << 18;
  readonly #scanner: Scanner;
  readonly #lookAt: (bytes: Uint8Array) => RuleCandidates;
  readonly #foundWanted: Wanted;
  #wanted: readonly Wanted[] = [];

  constructor(scanner: Scanner, foundWanted: Wanted, lookAt: (bytes: Uint8Array) => RuleCandidates) {
    this.#scanner = scanner;
    this.#foundWanted = foundWanted;
    this.#lookAt = lookAt;
  }

  get input(): Uint8Array {
    return this.#scanner.input;
  }

  scanLines(length: number, final: boolean): ScanResult {
    const found = this.#scanner.scanLines(length, final);
    const candidates = this.#lookAt(this.input.subarray(0, found.consumedBytes));
    if (candidates.rules.candidateCount === 0) {
      this.#wanted = NOTHING_WANTED;
      return found;
    }
    const { result, wanted } = merge({ ...candidates, found, foundWanted: this.#foundWanted });
    this.#wanted = wanted;
    return result;
  }

  wantedOf(candidate: number): Wanted {
    return this.#wanted[candidate] ?? this.#foundWanted;
  }
}

/** For STIX patterns, beside indicators. */
export function patternLines(scanner: Scanner, patterns: PatternFilter, foundWanted = INDICATORS_ONLY): LineScanner {
  return new LinesBesideIndicators(scanner, foundWanted, (bytes) => {
    const rules = patterns.candidateLines(bytes);
    return { rules, rulesWanted: new Array<Wanted>(rules.candidateCount).fill(RULES_ONLY) };
  });
}

/** Every line is for the rules, but not for all of them; beside indicators. `filter`: says which Sigma rules a line may be for; absent: any. */
export function everyLineOf(scanner: Scanner, { logsource }: PinnedSource, filter?: RuleFilter): LineScanner {
  return new LinesBesideIndicators(scanner, INDICATORS_ONLY, (bytes) => {
    const rules = everyLine(bytes);
    filter?.candidates(bytes, rules.ranges, rules.candidateCount, logsource);
    return { rules, rulesWanted: Array.from({ length: rules.candidateCount }, (_, i) => wantedBy(filter?.sigmaOf(i))) };
  });
}

/** All lines that are not blank. */
function everyLine(bytes: Uint8Array): CandidateLines {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [ranges, ordinals]: [number[], number[]] = [[], []];
  for (let start = 0, line = 0; start < text.length; line++) {
    const found = text.indexOf(LF, start);
    const end = found < 0 ? text.length : found;
    if (!isBlank(bytes, start, end)) {
      ranges.push(start, end);
      ordinals.push(line);
    }
    start = end + 1;
  }
  return {
    candidateCount: ordinals.length,
    ranges: Uint32Array.from(ranges),
    ordinals: Uint32Array.from(ordinals),
  };
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] ?? 0) <= 0x20) at++;
  return at === end;
}

interface Merged {
  readonly result: ScanResult;
  readonly wanted: readonly Wanted[];
  /** Which candidate of the sieve each is that is for nothing else; undefined: it is for more, or for no Sigma rule. */
  readonly places: readonly (number | undefined)[];
  /** The same of each that is for Sigma rules, whatever else it is for. */
  readonly rulePlaces: readonly (number | undefined)[];
}

interface CandidateLists {
  readonly rules: CandidateLines;
  /** What the rules want of each. */
  readonly rulesWanted: readonly Wanted[];
  /** Beside candidates of Sigma rules. */
  readonly forPatterns?: CandidateLines;
  readonly found: ScanResult;
  /** What a line is for that stands in `found` alone. */
  readonly foundWanted: Wanted;
}

const NO_LINES: CandidateLines = { candidateCount: 0, ranges: new Uint32Array(0), ordinals: new Uint32Array(0) };
/** For patterns, and for no Sigma rule. */
const PATTERNS_ONLY: Wanted = { ...RULES_ONLY, sigma: new Uint32Array(0) };
const NOTHING_WANTED: readonly Wanted[] = Object.freeze([]);

/** All lists are in the order of lines; a line of several is one candidate. */
function merge({ rules, rulesWanted, forPatterns = NO_LINES, found, foundWanted }: CandidateLists): Merged {
  const ranges: number[] = [];
  const ordinals: number[] = [];
  const merged: Wanted[] = [];
  const places: (number | undefined)[] = [];
  const rulePlaces: (number | undefined)[] = [];
  let [rule, pattern, indicator] = [0, 0, 0];
  for (;;) {
    const ruleLine = lineOf(rules, rule);
    const patternLine = lineOf(forPatterns, pattern);
    const indicatorLine = lineOf(found, indicator);
    const line = Math.min(ruleLine, patternLine, indicatorLine);
    if (line === Number.POSITIVE_INFINITY) break;
    const isForPatterns = patternLine === line;
    const isForIndicators = indicatorLine === line;
    rulePlaces.push(ruleLine === line ? rule : undefined);
    if (ruleLine === line) {
      takeRange(ranges, rules, rule);
      merged.push({ ...(rulesWanted[rule] ?? RULES_ONLY), indicators: isForIndicators });
      places.push(isForPatterns || isForIndicators ? undefined : rule);
      rule++;
    } else {
      takeRange(ranges, isForPatterns ? forPatterns : found, isForPatterns ? pattern : indicator);
      merged.push(isForPatterns ? { ...PATTERNS_ONLY, indicators: isForIndicators } : foundWanted);
      places.push(undefined);
    }
    ordinals.push(line);
    if (isForPatterns) pattern++;
    if (isForIndicators) indicator++;
  }
  const result = {
    ...found,
    candidateCount: ordinals.length,
    ranges: Uint32Array.from(ranges),
    ordinals: Uint32Array.from(ordinals),
  };
  return { result, wanted: merged, places, rulePlaces };
}

function takeRange(to: number[], { ranges }: CandidateLines, at: number): void {
  to.push(ranges[2 * at] ?? 0, ranges[2 * at + 1] ?? 0);
}

function lineOf({ candidateCount, ordinals }: CandidateLines, at: number): number {
  return at < candidateCount ? (ordinals[at] ?? 0) : Number.POSITIVE_INFINITY;
}
