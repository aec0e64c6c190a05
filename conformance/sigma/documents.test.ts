/** Runs documents.yaml: files of several documents through the loader, their rules on events by the compiled matcher. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EventObject } from '../../src/core/event.ts';
import { eventSource } from '../../src/core/event-source.ts';
import { plainEvent } from '../../src/core/rule-event.ts';
import { regexProblem } from '../../src/match/regex.ts';
import { RuleMatcher } from '../../src/match/rule-matcher.ts';
import { loadSigma } from '../../src/rules/sigma/load.ts';

interface Case {
  readonly title: string;
  readonly files: readonly string[];
  /** Titles of rules and correlations, in order of the files. */
  readonly loaded?: readonly string[];
  /** Some document has an error. */
  readonly refused?: boolean;
  /** An event, the titles of the rules that match it, and its log source when it is another. */
  readonly matches?: readonly (readonly [EventObject, ...(string | { readonly source: string })[]])[];
}

const cases = parse(readFileSync(new URL('documents.yaml', import.meta.url), 'utf8')) as readonly Case[];

describe('Sigma documents', () => {
  it('have different titles', () => expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length));

  it.each(cases)('$title', ({ files, loaded = [], refused = false, matches = [] }) => {
    const texts = files.map((text, i) => ({ path: `${i}.yml`, text }));
    const { detections, correlations, diagnostics } = loadSigma(texts, { regexProblem });
    expect([...detections, ...correlations].map(({ details }) => details.name)).toEqual(loaded);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message).slice(0, refused ? 0 : undefined)).toEqual([]);
    expect(errors.length > 0).toBe(refused);
    const matcher = new RuleMatcher(detections);
    for (const [event, ...rest] of matches) {
      const names = rest.filter((one) => typeof one === 'string');
      const { source = 'windows/test/' } = rest.find((one) => typeof one !== 'string') ?? {};
      const [product = '', category = '', service = ''] = source.split('/');
      const from = eventSource(product, [category].filter(Boolean), [service].filter(Boolean));
      const found = matcher.match(plainEvent(event), from).map((at) => detections[at]?.details.name);
      expect({ event, source, found: found.sort() }).toEqual({ event, source, found: [...names].sort() });
    }
  });
});
