/**
 * Which observations can serve which brackets at once, by counting alone: brackets ask for instances, observations have some, each instance
 * serves one. A maximal flow decides it in polynomial time, whatever the counts. Observations that serve the same brackets are one
 * pool, so that the network stays small.
 */

export interface Demand {
  /** Indexes of observations that may serve. */
  readonly candidates: readonly number[];
  /** Instances that are asked for. */
  readonly count: number;
}

export interface Served {
  readonly index: number;
  readonly count: number;
}

interface Pool {
  readonly members: number[];
  /** Demands that it may serve. */
  readonly serves: readonly number[];
  free: number;
}

/** Beyond so many pairs of demands and pools nothing is decided: `undefined`. */
const MAX_NETWORK = 20_000;

/** Instances that serve all demands, no more than there are; 'short' when that cannot be. */
export function serveAll(
  all: readonly Demand[],
  instancesOf: (index: number) => number,
): readonly Served[] | 'short' | undefined {
  const demands = joined(all);
  const isShort = ({ candidates, count }: Demand): boolean =>
    candidates.reduce((sum, index) => sum + instancesOf(index), 0) < count;
  if (demands.some(isShort)) return 'short';
  const pools = poolsOf(demands, instancesOf);
  if (pools.length * demands.length > MAX_NETWORK) return undefined;
  const flow = demands.map(() => new Float64Array(pools.length));
  for (const [demand, { count }] of demands.entries()) {
    let missing = count;
    while (missing > 0) {
      const sent = augment(pools, flow, demand, missing);
      if (sent === 0) return 'short';
      missing -= sent;
    }
  }
  return allotted(pools, flow, instancesOf);
}

/** Demands of the same observations are one. */
function joined(demands: readonly Demand[]): readonly Demand[] {
  const byCandidates = new Map<string, Demand>();
  for (const { candidates, count } of demands) {
    const key = candidates.join();
    byCandidates.set(key, { candidates, count: count + (byCandidates.get(key)?.count ?? 0) });
  }
  return [...byCandidates.values()];
}

function poolsOf(demands: readonly Demand[], instancesOf: (index: number) => number): readonly Pool[] {
  const serves = new Map<number, number[]>();
  for (const [demand, { candidates }] of demands.entries())
    for (const index of candidates) {
      const list = serves.get(index);
      if (list === undefined) serves.set(index, [demand]);
      else list.push(demand);
    }
  const pools = new Map<string, Pool>();
  for (const [index, list] of serves) {
    const key = list.join();
    const pool = pools.get(key) ?? { members: [], serves: list, free: 0 };
    pool.members.push(index);
    pool.free += instancesOf(index);
    pools.set(key, pool);
  }
  return [...pools.values()];
}

/** Breadth first: what a pool has given to another demand may be taken from it when that is served elsewhere. How much was sent. */
function augment(pools: readonly Pool[], flow: readonly Float64Array[], demand: number, most: number): number {
  /** The pool by which a demand was reached, and the demand that wants it. */
  const reachedBy = new Map<number, readonly [pool: number, by: number]>();
  const queue = [demand];
  for (const current of queue) {
    for (const [at, pool] of pools.entries()) {
      if (!pool.serves.includes(current)) continue;
      if (pool.free > 0) return send(pools, flow, { demand, last: current, pool: at, reachedBy }, most);
      for (const other of pool.serves) {
        if (other === demand || reachedBy.has(other) || (flow[other]?.[at] ?? 0) === 0) continue;
        reachedBy.set(other, [at, current]);
        queue.push(other);
      }
    }
  }
  return 0;
}

interface Way {
  readonly demand: number;
  readonly last: number;
  readonly pool: number;
  readonly reachedBy: ReadonlyMap<number, readonly [pool: number, by: number]>;
}

function send(pools: readonly Pool[], flow: readonly Float64Array[], way: Way, most: number): number {
  const steps: (readonly [taker: number, giver: number, pool: number])[] = [];
  for (let at = way.last; at !== way.demand; ) {
    const [pool, by] = way.reachedBy.get(at) as readonly [number, number];
    steps.push([by, at, pool]);
    at = by;
  }
  const end = pools[way.pool] as Pool;
  const amount = Math.min(most, end.free, ...steps.map(([, giver, pool]) => flow[giver]?.[pool] ?? 0));
  end.free -= amount;
  add(flow, way.last, way.pool, amount);
  for (const [taker, giver, pool] of steps) {
    add(flow, taker, pool, amount);
    add(flow, giver, pool, -amount);
  }
  return amount;
}

function add(flow: readonly Float64Array[], demand: number, pool: number, amount: number): void {
  const row = flow[demand] as Float64Array;
  row[pool] = (row[pool] ?? 0) + amount;
}

function allotted(
  pools: readonly Pool[],
  flow: readonly Float64Array[],
  instancesOf: (index: number) => number,
): readonly Served[] {
  const left = pools.map(({ members }) => members.map((index) => ({ index, count: instancesOf(index) })));
  return flow.flatMap((row) =>
    left.flatMap((members, at) => {
      let missing = row[at] ?? 0;
      const served: Served[] = [];
      for (const member of members) {
        if (missing === 0) break;
        const count = Math.min(missing, member.count);
        if (count === 0) continue;
        member.count -= count;
        missing -= count;
        served.push({ index: member.index, count });
      }
      return served;
    }),
  );
}
