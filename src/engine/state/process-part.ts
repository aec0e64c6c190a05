/** Process memory as a piece of state that survives restarts: processes, events that wait for an ancestor, unfinished audit events. */
import type { AuditAssembler } from '../../state/process/audit-assembler.ts';
import { MAX_INSTANCES } from '../../state/process/process-table.ts';
import type { ProcessMemory } from '../../state/process/process-memory.ts';
import { restoreProcesses, snapshotProcesses } from '../../state/process/snapshot.ts';
import { closing, decodeChunk, encodeChunk, type SnapshotChunk } from '../../state/snapshot/chunk.ts';
import { endable } from '../../state/snapshot/endable.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import type { LateEvent } from './process-context.ts';

const AUDIT = 'audit';

export function processPart(memory: ProcessMemory<LateEvent>, audit: AuditAssembler): StatefulPart {
  return {
    name: 'process',
    snapshot: (full) => {
      const processes = snapshotProcesses(memory, full);
      const unfinished = encodeChunk(AUDIT, audit.snapshot());
      return endable(withAudit(processes, unfinished), (drawn) => {
        if (!drawn) processes.return?.();
      });
    },
    restore: (chunks) => {
      const saved = chunks.get(AUDIT)?.head as ReturnType<AuditAssembler['snapshot']> | undefined;
      if (saved !== undefined) audit.restore(saved);
      restoreProcesses(memory, chunks);
      return [];
    },
    report: () => {
      const { processes, bytes, evicted, waiting, waitingBytes, waitingDropped } = memory.counts;
      return [
        {
          ...{ budgetBytes: memory.options.budgetBytes, groupLimit: MAX_INSTANCES },
          ...{
            engine: 'process',
            rule: 'processes',
            name: 'remembered processes',
            groups: memory.hosts,
            entries: processes,
          },
          ...{ bytes: bytes + waitingBytes, waiting, late: 0, evicted: evicted + waitingDropped },
        },
      ];
    },
  };
}

function* withAudit(processes: Iterable<SnapshotChunk>, unfinished: SnapshotChunk): Generator<SnapshotChunk, void> {
  yield unfinished;
  for (const chunk of processes) yield chunk.key === 'closing' ? closing([...keysOf(chunk), AUDIT]) : chunk;
}

function keysOf({ bytes }: SnapshotChunk): readonly string[] {
  const chunk = decodeChunk(bytes);
  return 'severity' in chunk ? [] : (chunk.head as { readonly keys: readonly string[] }).keys;
}
