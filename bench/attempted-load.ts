/**
 * The load that Flux-Capacitor's own harness attempted (flux-capacitor.md 9.9 and 11): hosts in turn, nine rules of five remembered tags, each true
 * on a tenth of the rows, own ids at random, parents that never match. Its heaviest pair of runs tried 15,000 events/s from 50,000 hosts on 16 cores
 * with 45 GB; what came of it was not published. Three rules each of the three actions, one core, exact memory.
 */
import type { FluxRule } from '../src/ir/flux.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine } from '../src/state/flux/engine.ts';
import { planFlux } from '../src/state/flux/plan.ts';
import type { FluxRow } from '../src/state/flux/row.ts';
import { SourceClocks } from '../src/state/order/source-clock.ts';
import { flat, randomNumbers, SEED, type StreamResult, timed } from './state-streams.ts';

const HOSTS = 50_000;
const ROWS = 3_000_000;
const TAGS = ['a', 'b', 'c', 'd', 'e'];
const NAMES = ['r1', 'r2', 'r3'];

export interface AttemptedLoad extends StreamResult {
  /** Remembered facts, and the bytes they take. */
  readonly facts: number;
  readonly bytes: number;
}

export function attemptedLoad(): AttemptedLoad {
  const all = {
    kind: 'and' as const,
    items: TAGS.map((_, tag) => ({ kind: 'tag' as const, tag, from: 'any' as const })),
  };
  const rules: FluxRule[] = NAMES.flatMap((name): FluxRule[] => [
    ...(['parent', 'ancestor'] as const).map((action) => ({
      ...{ name: `${action} ${name}`, action, tags: TAGS, condition: all, parent: 'parent_id', child: 'id' },
    })),
    {
      ...{ name: `temporal ${name}`, action: 'temporal', tags: TAGS, condition: all },
      ...{ ordered: false, strict: false, groupBy: [], reset: false },
    },
  ]);
  const random = randomNumbers(17);
  const ownTags = (): number[] =>
    rules.map(() => TAGS.reduce((word, _tag, bit) => (random(10) === 0 ? word | (1 << bit) : word), 0));
  const make = (i: number): FluxRow<undefined> => ({
    timeMs: 1.6e12 + Math.floor(i / 15),
    source: 0,
    position: i * 500,
    part: 0,
    group: flat(`host-${i % HOSTS}`),
    columns: [flat(`p${random(100_000)}`), flat(String(random(100_000)))],
    own: ownTags(),
    item: undefined,
  });
  const clocks = new SourceClocks();
  clocks.register('bench', 'file');
  let alerts = 0;
  const engine = new FluxEngine<undefined>(
    planFlux({ rules }),
    clocks,
    { ...DEFAULT_FLUX_OPTIONS, latenessMs: 0, evidenceRows: 0, seed: SEED },
    (_row, result) => {
      alerts += result.fired.length;
    },
  );
  const order = new Uint32Array(ROWS).map((_, i) => i);
  const result = timed(order, make, (row) => engine.push(row, 0));
  const { facts, bytes, forgotten } = engine.counts;
  if (forgotten !== 0) throw new Error(`${forgotten} facts were forgotten`);
  return { ...result, alerts, facts, bytes };
}
