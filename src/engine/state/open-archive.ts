/** The archive of events in the data directory, as configured. */
import type { Logger } from '../../telemetry/logger.ts';
import type { Config } from '../config/config-schema.ts';
import type { DataDir } from '../config/data-dir.ts';
import { FileEventArchive } from './event-archive.ts';

/** A failing disk is told once in a while, not for every event. */
export function openArchive({ state }: Config, dataDir: DataDir, logger: Logger): FileEventArchive {
  let toldMs = 0;
  return new FileEventArchive(() => dataDir.folder('evidence'), {
    maxBytes: state.evidence_bytes,
    maxAgeMs: state.evidence_hours * 3_600_000,
    now: Date.now,
    onFailure: (reason) => {
      if (Date.now() - toldMs < 60_000) return;
      toldMs = Date.now();
      logger.error('events for later alerts cannot be written', { reason });
    },
  });
}
