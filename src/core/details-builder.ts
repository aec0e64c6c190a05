/**
 * DetailsBuilder: what the sources of indicators say, while a table is loaded: the second set of columns of an `IndicatorTable`. What many
 * sources have in common is kept once, as a profile; a source's own texts go into the pool at once. Details that turn out to be
 * old are dropped by number: they keep their place, and their values are swept out in the end.
 */
import type { KillChainPhase, Tlp } from './indicator.ts';
import { grown, startsOf } from './growing-columns.ts';
import {
  ABSENT_BYTE,
  type DetailsInput,
  type DetailsProfile,
  type DetailsText,
  type IndicatorColumns,
  type IndicatorTable,
  TLP_LEVELS,
} from './indicator-table.ts';
import { idKey, keyHash, NO_ID } from './stix-id.ts';
import type { TextPoolBuilder } from './text-pool.ts';

/** Columns of the table that speak of details. */
export type DetailsColumns = Pick<
  Required<IndicatorColumns>,
  | 'profile'
  | 'textStart'
  | 'texts'
  | 'validFrom'
  | 'validUntil'
  | 'modified'
  | 'confidence'
  | 'tlp'
  | 'idHash'
  | 'profiles'
  | 'feeds'
>;

/** Distinct combinations of provider, types and kill chain that are shared; beyond it they are stored with each source. */
const MAX_PROFILES = 65_536;
const MAX_TEXT_BYTES = 0xffff_ffff;
const MAX_DETAILS = 0x7fff_fffe;

export class DetailsBuilder {
  readonly #feeds: string[] = [];
  readonly #profiles: DetailsProfile[] = [];
  readonly #profileNumbers = new Map<string, number>();
  #count = 0;
  #profile = new Uint32Array(64);
  #textEnd = new Uint32Array(64);
  #validFrom = new Float64Array(64);
  #validUntil = new Float64Array(64);
  #modified = new Float64Array(64);
  #confidence = new Uint8Array(64);
  #tlp = new Uint8Array(64);
  #idHash = new Uint32Array(64);
  #dropped = new Uint8Array(64);
  #droppedCount = 0;
  readonly #texts: TextPoolBuilder;

  /** `texts`: where the texts go. */
  constructor(texts: TextPoolBuilder) {
    this.#texts = texts;
  }

  /** Number of the next. */
  get count(): number {
    return this.#count;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  addFeed(name: string): number {
    return this.#feeds.push(name) - 1;
  }

  /** Returns the number by which values refer to these details, or -1 when the pool of texts is full. */
  add(feed: number, input: DetailsInput): number {
    const { shared, own } = this.#split(feed, input);
    const text = Object.keys(own).length === 0 ? '' : JSON.stringify(own);
    if (this.#texts.byteLength + text.length * 3 > MAX_TEXT_BYTES || this.#count >= MAX_DETAILS) return -1;
    if (text !== '') this.#texts.append(text);
    const number = this.#newRow(shared);
    this.#validFrom[number] = input.validFromMs ?? Number.NaN;
    this.#validUntil[number] = input.validUntilMs ?? Number.NaN;
    this.#modified[number] = input.modifiedMs ?? Number.NaN;
    this.#confidence[number] = input.confidence ?? ABSENT_BYTE;
    this.#tlp[number] = input.tlp === undefined ? ABSENT_BYTE : TLP_LEVELS.indexOf(input.tlp);
    this.#idHash[number] = input.id === undefined ? NO_ID : keyHash(idKey(input.id));
    return number;
  }

  /** Number of a profile of another table as one of this feed, for `copy`; undefined when there is no room for it. */
  copyProfile(feed: number, profile: DetailsProfile): number | undefined {
    return this.#profileNumber({ ...profile, feed });
  }

  /**
   * As `add` with what details `number` of another table say, whose bytes of `texts` are `text`: nothing is parsed. `idHash`
   * as in the column.
   */
  copy(profile: number, from: IndicatorTable, number: number, text: Uint8Array, idHash: number): number {
    const { columns } = from;
    if (this.#texts.byteLength + text.length > MAX_TEXT_BYTES || this.#count >= MAX_DETAILS) return -1;
    this.#texts.appendBytes(text);
    const copy = this.#newRow(profile);
    this.#validFrom[copy] = columns.validFrom[number] ?? Number.NaN;
    this.#validUntil[copy] = columns.validUntil[number] ?? Number.NaN;
    this.#modified[copy] = columns.modified[number] ?? Number.NaN;
    this.#confidence[copy] = columns.confidence[number] ?? ABSENT_BYTE;
    this.#tlp[copy] = columns.tlp[number] ?? ABSENT_BYTE;
    this.#idHash[copy] = idHash;
    return copy;
  }

  /** Raises the marking of details that turned out to be stricter; never lowers it. */
  restrict(details: number, tlp: Tlp): void {
    const level = TLP_LEVELS.indexOf(tlp);
    const present = this.#tlp[details] ?? ABSENT_BYTE;
    if (present === ABSENT_BYTE || present < level) this.#tlp[details] = level;
  }

  /** The details no longer count; idempotent. */
  drop(details: number): void {
    if (this.#dropped[details] === 0) this.#droppedCount++;
    this.#dropped[details] = 1;
  }

  /** Undoes `drop`. */
  restore(details: number): void {
    if (this.#dropped[details] === 1) this.#droppedCount--;
    this.#dropped[details] = 0;
  }

  isDropped(details: number): boolean {
    return this.#dropped[details] === 1;
  }

  /** The columns; the builder must not be used afterwards. */
  finish(): DetailsColumns {
    const count = this.#count;
    return {
      profile: this.#profile.slice(0, count),
      textStart: startsOf(this.#textEnd, count),
      texts: this.#texts.finish(),
      validFrom: this.#validFrom.slice(0, count),
      validUntil: this.#validUntil.slice(0, count),
      modified: this.#modified.slice(0, count),
      confidence: this.#confidence.slice(0, count),
      tlp: this.#tlp.slice(0, count),
      idHash: this.#idHash.slice(0, count),
      profiles: this.#profiles,
      feeds: this.#feeds,
    };
  }

  #split(feed: number, input: DetailsInput): { shared: number; own: DetailsText } {
    const { provider, library, decay, types, killChain, ...rest } = input;
    const source = {
      feed,
      provider,
      ...(library === undefined ? {} : { library }),
      ...(decay === undefined ? {} : { decay }),
    };
    const own = textOf(rest);
    const profile = profileOf(source, types, killChain);
    const shared = this.#profileNumber(profile);
    if (shared !== undefined) return { shared, own };
    const plain = this.#profileNumber(source) ?? 0;
    return {
      shared: plain,
      own: {
        ...own,
        ...(types === undefined ? {} : { types }),
        ...(killChain === undefined ? {} : { killChain }),
      },
    };
  }

  #profileNumber(profile: DetailsProfile): number | undefined {
    const key = JSON.stringify(profile);
    const known = this.#profileNumbers.get(key);
    if (known !== undefined) return known;
    // A profile without types may always be added: there are as many as feeds and providers.
    if (this.#profiles.length >= MAX_PROFILES && (profile.types ?? profile.killChain) !== undefined) return undefined;
    const number = this.#profiles.push(profile) - 1;
    this.#profileNumbers.set(key, number);
    return number;
  }

  /** Their text has been appended. */
  #newRow(profile: number): number {
    const number = this.#count++;
    this.#grow();
    this.#textEnd[number] = this.#texts.byteLength;
    this.#profile[number] = profile;
    this.#dropped[number] = 0;
    return number;
  }

  #grow(): void {
    const needed = this.#count;
    this.#profile = grown(this.#profile, needed);
    this.#textEnd = grown(this.#textEnd, needed);
    this.#validFrom = grown(this.#validFrom, needed);
    this.#validUntil = grown(this.#validUntil, needed);
    this.#modified = grown(this.#modified, needed);
    this.#confidence = grown(this.#confidence, needed);
    this.#tlp = grown(this.#tlp, needed);
    this.#idHash = grown(this.#idHash, needed);
    this.#dropped = grown(this.#dropped, needed);
  }
}

function profileOf(
  source: Omit<DetailsProfile, 'types' | 'killChain'>,
  types?: readonly string[],
  killChain?: readonly KillChainPhase[],
): DetailsProfile {
  return {
    ...source,
    ...(types === undefined ? {} : { types }),
    ...(killChain === undefined ? {} : { killChain }),
  };
}

function textOf(input: Omit<DetailsInput, 'provider'>): DetailsText {
  const { id, name, description, references, pattern, ordinal } = input;
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(references === undefined ? {} : { references }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(ordinal === undefined ? {} : { ordinal }),
  };
}
