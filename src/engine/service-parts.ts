/**
 * What a service is made of, opened in this order: the data directory, sources of intelligence that were never fetched, the store, the
 * archive of events, the first generation, the outputs. What was opened is closed again when something cannot be had.
 */
import { join } from 'node:path';
import type { Event, EventObject } from '../core/event.ts';
import { ERROR_TABLE } from '../errors/table.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ShownAlert } from './alert-path.ts';
import type { GenerationOptions } from './build-generation.ts';
import type { Config } from './config/config-schema.ts';
import { type DataDir, openDataDir } from './config/data-dir.ts';
import type { InputPlan } from './config/input-plans.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { ComponentPlans } from './config/plan-components.ts';
import type { Generation } from './generation.ts';
import { intelSources } from './intel/intel-sources.ts';
import { buildWithStore, openStore, type Polling, pollingOf, type StoreParts } from './live-intel.ts';
import { RunningOutputs } from './running-outputs.ts';
import { saidSources } from './rules/pinned-source.ts';
import { openRuleCache, type RuleCache } from './rules/rule-cache.ts';
import { StateWrites } from './state-writes.ts';
import type { FileEventArchive } from './state/event-archive.ts';
import { openArchive } from './state/open-archive.ts';
import { stateSeed } from './state/state-seed.ts';
import { workerCount } from './workers/worker-count.ts';

export interface ServiceOptions {
  readonly logger: Logger;
  readonly onAlert: (shown: ShownAlert) => void;
  /** Configuration again, for a reload. */
  readonly reload: () => LoadedConfig;
  /** Samples of records that could not be read. */
  readonly deadLetter: (input: string, code: string, sample: Uint8Array) => void;
  /** Used when the configuration names none: `stdout:`, or nothing where somebody watches. */
  readonly defaultOutputs: readonly string[];
  readonly dataDir?: DataDir;
  /** Made-up records are matched once it is ready, so that the first alerts are as quick as later ones. */
  readonly warmsUp?: boolean;
  /** Watched beside what it names. */
  readonly configFile?: string;
  /** Takes each event with its flux tags; inputs wait for `settle`. */
  readonly events?: {
    readonly write: (event: Event, fields: EventObject) => void;
    readonly settle: () => Promise<void>;
  };
}

export interface ServiceParts {
  readonly loaded: LoadedConfig;
  readonly options: ServiceOptions;
  readonly dataDir: DataDir;
  readonly engine: ComponentCounters;
  readonly polling: Polling;
  readonly stored: StoreParts;
  readonly archive: FileEventArchive;
  readonly ruleCache: RuleCache;
  readonly generation: Generation;
  readonly writes: StateWrites;
  readonly outputs: RunningOutputs;
}

/** A start waits so long for sources that were never fetched; what takes longer goes live when it is here. */
const FIRST_PULL_MS = 10_000;

/** Opens all and calls `begin` with it. Rejects with FlintError when something cannot be had or `begin` does; then nothing stays open. */
export async function withServiceParts<T>(
  loaded: LoadedConfig,
  plans: ComponentPlans,
  options: ServiceOptions,
  begin: (parts: ServiceParts) => Promise<T>,
): Promise<T> {
  const dataDir = options.dataDir ?? openDataDir(loaded.config.data_dir);
  const { logger, onAlert } = options;
  const polling = pollingOf(dataDir.folder('feeds'), logger);
  try {
    await polling.poller.update(intelSources(loaded, {}).sources);
    await polling.poller.pullMissing(FIRST_PULL_MS);
    polling.poller.loaded();
    const engine = new ComponentCounters('engine', 'engine');
    const stored = openStore(dataDir, logger);
    const archive = openArchive(loaded.config, dataDir, logger);
    const ruleCache = openRuleCache(loaded.config, () => dataDir.folder('rule-cache'));
    const opened = { loaded, options, dataDir, engine, polling, stored, archive, ruleCache };
    const building = generationOptions(loaded.config, plans.inputs, opened);
    const { generation, attach } = await buildWithStore(stored.store, loaded, building);
    const writes = new StateWrites(engine, logger);
    const onDamaged = damageTeller(logger);
    const outputs = await RunningOutputs.open(plans.outputs, loaded.config, {
      ...{ dataDir, logger, onAlert, writes, onDamaged },
    });
    attach(generation);
    return await begin({ ...opened, generation, writes, outputs });
  } catch (error) {
    await polling.poller.stop();
    await polling.thread.close();
    dataDir.close();
    throw error;
  }
}

export function generationOptions(
  config: Config,
  inputs: readonly InputPlan[],
  {
    dataDir,
    engine,
    archive,
    options,
    ruleCache,
  }: Pick<ServiceParts, 'dataDir' | 'engine' | 'archive' | 'options' | 'ruleCache'>,
): GenerationOptions {
  return {
    mode: 'run',
    workers: workerCount(config.workers),
    saidSources: saidSources(inputs),
    ...(options.events !== undefined && { onEvent: options.events.write }),
    feedFolder: dataDir.folder('feeds'),
    intelFolder: join(dataDir.path, 'intel'),
    seed: stateSeed(dataDir.folder('state')),
    archive,
    ruleCache,
    report: (code, input, sample) => {
      engine.error(code);
      options.logger.warn(ERROR_TABLE[code].title, { input, code });
      options.deadLetter(input, code, sample);
    },
  };
}

/** Told of a state file that was set aside. */
export function damageTeller(logger: Logger): (path: string) => void {
  return (path) => logger.error('state file was damaged and has been set aside', { path: `${path}.damaged` });
}
