/**
 * The three Sigma rules of the Flux-Capacitor project on raw process events (flux-capacitor.md section 10, G1 to G15): no tags, no
 * specification. Parent fields come from process memory.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../src/core/event.ts';
import { derivedEvent, plainEvent } from '../../src/core/rule-event.ts';
import { evaluate } from '../../src/match/interpreter.ts';
import { regexProblem } from '../../src/match/regex.ts';
import { eventSubject } from '../../src/match/subject.ts';
import { loadSigma } from '../../src/rules/sigma/load.ts';
import { processEventOf } from '../../src/state/process/process-event.ts';
import { DERIVED_PROCESS_FIELDS, ProcessFields } from '../../src/state/process/process-fields.ts';
import { README_CASES } from '../../src/testing/readme-cases.ts';
import { ProcessMemory } from '../../src/state/process/process-memory.ts';
import { toldAt } from '../../src/testing/told-time.ts';

const text = readFileSync(new URL('readme-rules.yml', import.meta.url), 'utf8');
const { detections, diagnostics } = loadSigma([{ path: 'readme-rules.yml', text }], { regexProblem });

describe('the three README rules on raw process events', () => {
  it('load', () => {
    expect(diagnostics).toEqual([]);
    expect(detections.map(({ details }) => details.name)).toEqual(['R1', 'R2', 'R3']);
  });

  it.each(README_CASES)('$id', ({ processes, fires }) => {
    const memory = new ProcessMemory();
    const fired = processes.flatMap((process, index) => {
      const fields = {
        host_id: 'H',
        id: String(100 + index),
        parent_id: index === 0 ? '' : String(99 + index),
        ...process,
      } as EventObject;
      const event = processEventOf(fields, toldAt(index * 1000));
      if (event !== undefined) memory.observe(event);
      const derived = new ProcessFields(memory, fields, event);
      const view = derivedEvent(plainEvent(fields), DERIVED_PROCESS_FIELDS.keys(), (name) => derived.derived(name));
      const seen = eventSubject(view.fields);
      return detections.flatMap(({ predicate, details }) =>
        evaluate(predicate, seen) ? [`${index}:${details.name}`] : [],
      );
    });
    expect(fired).toEqual(fires);
  });
});
