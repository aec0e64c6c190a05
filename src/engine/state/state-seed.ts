/** The key of all fingerprints of state: random, made once for a data directory, because saved state is of no use under another one. */
import { join } from 'node:path';
import { readJsonFile, writeAtomic } from '../files/atomic-file.ts';
import { randomSeed } from '../rules/event-rules.ts';
import type { StatefulOptions } from './stateful-rules.ts';

type Seed = StatefulOptions['seed'];

/** A damaged file is set aside; what was saved under it then remembers nothing that can be found again. */
export function stateSeed(folder: string): Seed {
  const path = join(folder, 'seed.json');
  const stored = readJsonFile(path, () => {}) as Partial<Seed> | undefined;
  if (Number.isInteger(stored?.lo) && Number.isInteger(stored?.hi)) return stored as Seed;
  const seed = randomSeed();
  writeAtomic(path, `${JSON.stringify(seed)}\n`);
  return seed;
}
