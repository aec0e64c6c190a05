/**
 * Intelligence of a running service: the store that keeps it over changes and restarts, and the poller that fetches its sources, in
 * threads of their own.
 */
import type { Logger } from '../telemetry/logger.ts';
import { buildGeneration, type GenerationOptions } from './build-generation.ts';
import type { DataDir } from './config/data-dir.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { Generation } from './generation.ts';
import { inThreads } from './intel/intel-jobs.ts';
import { IntelStore, type OpenedIntel } from './intel/intel-store.ts';
import type { LiveSink } from './intel/live-sink.ts';
import { PullThread } from './intel/pull-thread.ts';
import { type PollerOptions, SourcePoller } from './intel/source-poller.ts';

export interface Polling {
  readonly poller: SourcePoller;
  readonly thread: PullThread;
}

export function pollingOf(folder: string, logger: Logger): Polling {
  const thread = new PullThread();
  const pull: PollerOptions['pull'] = (source, ...how) => thread.pull(source, folder, ...how);
  return { poller: new SourcePoller({ folder, pull, logger, now: Date.now, random: Math.random }), thread };
}

export interface StoreParts {
  readonly store: IntelStore;
  readonly stopping: AbortController;
}

export function openStore(dataDir: DataDir, logger: Logger): StoreParts {
  const stopping = new AbortController();
  const store = new IntelStore({
    folder: dataDir.folder('indicators'),
    feedFolder: dataDir.folder('feeds'),
    run: inThreads(stopping.signal),
    signal: stopping.signal,
    now: Date.now,
    onProblem: (message, reason) => logger.error(message, { reason }),
  });
  return { store, stopping };
}

/** The store goes over to what it gave when the generation is in use, by `attach`. */
export async function buildWithStore(
  store: IntelStore,
  loaded: LoadedConfig,
  options: GenerationOptions,
): Promise<{ readonly generation: Generation; readonly attach: (sink: LiveSink) => void }> {
  let attach = (_sink: LiveSink): void => undefined;
  const openIntel: NonNullable<GenerationOptions['openIntel']> = async (sources): Promise<OpenedIntel> => {
    const opened = await store.open(sources);
    attach = opened.attach;
    return opened;
  };
  const generation = await buildGeneration(loaded, { ...options, openIntel });
  return { generation, attach };
}
