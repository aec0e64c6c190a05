import { expect, it } from 'vitest';
import { AuditAssembler } from '../../state/process/audit-assembler.ts';
import { DEFAULT_PROCESS_OPTIONS, ProcessMemory } from '../../state/process/process-memory.ts';
import type { LateEvent } from './process-context.ts';
import { processPart } from './process-part.ts';
import { stateComponents } from './state-components.ts';

it('metrics say what an engine and a key may take', () => {
  const memory = new ProcessMemory<LateEvent>({ ...DEFAULT_PROCESS_OPTIONS, budgetBytes: 12_345 });
  const [component] = stateComponents(processPart(memory, new AuditAssembler()).report());
  expect(component?.gauges).toMatchObject({ budget_bytes: 12_345, group_limit: 16, bytes: 0, evicted: 0 });
});
