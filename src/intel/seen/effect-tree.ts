/**
 * EffectTree: what records of a feed added to its statistics. A million lines have a few dozen different effects, so each record bears
 * the number of a node: the path from the root spells what was counted, in order.
 */
import type { FeedStatistics } from '../../core/feed.ts';

export const NO_EFFECT = 0;
/** Feeds with more different effects are not followed. */
const MAX_NODES = 100_000;

export type EffectNodes = readonly (readonly [parent: number, what: string])[];

export class EffectTree {
  readonly #nodes: [parent: number, what: string][] = [[NO_EFFECT, '']];
  readonly #next: Map<string, number>[] = [new Map()];
  readonly #hasProblem: boolean[] = [false];
  #isFull = false;

  constructor(nodes: EffectNodes = []) {
    for (const [parent, what] of nodes.slice(1)) this.after(parent, what);
  }

  /** Some effect could not be told; nothing of this may be used. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get nodes(): EffectNodes {
    return this.#nodes;
  }

  /** The effect that is `what` after another one. */
  after(effect: number, what: string): number {
    const next = this.#next[effect] as Map<string, number>;
    const known = next.get(what);
    if (known !== undefined) return known;
    if (this.#nodes.length >= MAX_NODES) {
      this.#isFull = true;
      return NO_EFFECT;
    }
    const number = this.#nodes.push([effect, what]) - 1;
    this.#next.push(new Map());
    this.#hasProblem.push(what === 'problem' || this.hasProblem(effect));
    next.set(what, number);
    return number;
  }

  /** The effect of all these, in order. */
  along(parts: Iterable<string>): number {
    let effect = NO_EFFECT;
    for (const what of parts) effect = this.after(effect, what);
    return effect;
  }

  *parts(effect: number): Generator<string> {
    for (let at = effect; at !== NO_EFFECT; at = this.#nodes[at]?.[0] ?? NO_EFFECT) yield this.#nodes[at]?.[1] ?? '';
  }

  /** Whether something had to be said of such a record: its text is needed again. */
  hasProblem(effect: number): boolean {
    return this.#hasProblem[effect] === true;
  }

  /** Statistics with `times` (may be negative) of each effect added; `known` stays. */
  added(statistics: FeedStatistics, changes: ReadonlyMap<number, number>): FeedStatistics {
    const counts = new Map<string, number>([
      ['entry', statistics.entries],
      ['bad', statistics.bad],
      ...GROUPS.flatMap((group) =>
        Object.entries(statistics[group]).map(([name, count]) => [`${group} ${name}`, count] as const),
      ),
    ]);
    for (const [effect, times] of changes)
      for (const what of this.parts(effect)) counts.set(what, (counts.get(what) ?? 0) + times);
    const group = (name: (typeof GROUPS)[number]): Record<string, number> =>
      Object.fromEntries(
        [...counts].flatMap(([what, count]) =>
          what.startsWith(`${name} `) && count > 0 ? [[what.slice(name.length + 1), count] as const] : [],
        ),
      );
    return {
      entries: counts.get('entry') ?? 0,
      kinds: group('kinds'),
      known: statistics.known,
      deferred: group('deferred'),
      skipped: group('skipped'),
      notes: group('notes'),
      bad: counts.get('bad') ?? 0,
    };
  }
}

const GROUPS = ['kinds', 'deferred', 'skipped', 'notes'] as const;
