/** The single-rule cases of sigma.md section 15, through the loader and the reference interpreter. */
import { readFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { evaluate } from '../../match/interpreter.ts';
import { regexProblem } from '../../match/regex.ts';
import { eventSubject } from '../../match/subject.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { loadSigma } from './load.ts';

interface Case {
  readonly id: number;
  readonly title: string;
  readonly detection: unknown;
  readonly event?: EventObject;
  readonly expect: boolean | 'error';
}

const PATH = ['sigma', 'conformance-cases.ndjson'] as const;

describe.skipIf(!hasSharedData(...PATH))(`Sigma conformance cases ${sharedDataMissing(...PATH)}`, () => {
  const cases = hasSharedData(...PATH)
    ? readFileSync(sharedData(...PATH), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Case)
    : [];

  it('are all there', () => expect(cases.length).toBe(157));

  it.each(cases.map((one) => [one.id, one.title, one] as const))('%i %s', (_id, _title, one) => {
    const rule = { title: one.title, logsource: { category: 'test' }, detection: one.detection };
    const loaded = loadSigma([{ path: 'case.yml', text: dump(rule) }], { regexProblem });
    if (one.expect === 'error') {
      expect(loaded.detections).toEqual([]);
      expect(loaded.diagnostics.filter(({ severity }) => severity === 'error')).not.toEqual([]);
      return;
    }
    expect(loaded.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const predicate = loaded.detections[0]?.predicate;
    expect(predicate).toBeDefined();
    if (predicate !== undefined) expect(evaluate(predicate, eventSubject(one.event ?? {}))).toBe(one.expect);
  });
});
