import { expect, it } from 'vitest';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { SigmaTexts } from './sigma-texts.ts';
import { loadSigmaTexts } from './sigma-texts.ts';
import { ParsedRules } from './parsed-rules.ts';
import { openRules, portableRules } from './portable-rules.ts';

const RULE = `
title: Falcon
id: 11111111-1111-4111-8111-111111111111
status: test
level: high
author: Ä
tags: [attack.t1059]
logsource: {product: windows, category: process_creation}
detection:
  one: {Image|endswith: '\\\\falcon.exe', CommandLine|re: 'a+b'}
  not_this: {ParentImage: null, Number|gt: 5}
  condition: one and not not_this
`;
const WATCHED = RULE.replaceAll('1', '2').replace('Falcon', 'Watched\nname: watched');
const CORRELATION = `
title: Many
id: 33333333-3333-4333-8333-333333333333
correlation: {type: event_count, rules: [watched], group-by: [Computer], timespan: 5m, condition: {gte: 3}}
`;

const TEXTS: SigmaTexts = {
  sigma: [RULE, WATCHED, CORRELATION].map((text, i) => ({ path: `rules/${i}.yml`, text })),
  ...{ pipelines: [], pipelineData: [], selection: { include: [], exclude: [] }, placeholders: [] },
};

function plain({ kind, details, origin, status, logsource, predicate, fields, alerts }: DetectionRule): unknown {
  return { kind, details, origin, status, logsource, predicate, fields, alerts };
}

it('rules that another thread opens are those that were loaded, parsed or read from what was kept of them', () => {
  const known = new ParsedRules();
  const ways: string[] = [];
  for (const _ of ['parsed', 'kept']) {
    known.beginLoad();
    const loaded = loadSigmaTexts(TEXTS, { known });
    expect(loaded.diagnostics).toEqual([]);
    const portable = structuredClone(portableRules(loaded));
    const { texts, ...others } = portable;
    for (const part of [...Object.values(texts), ...Object.values(others)])
      expect(part.buffer).toBeInstanceOf(SharedArrayBuffer);
    const opened = openRules(portable);
    expect(opened.detections.map(plain)).toEqual(loaded.detections.map(plain));
    expect(opened.detections.map(({ asked }) => asked)).toEqual([
      ['Image', 'CommandLine', 'ParentImage', 'Number'],
      ['Image', 'CommandLine', 'ParentImage', 'Number'],
    ]);
    expect(opened.correlations).toEqual(loaded.correlations);
    ways.push(...loaded.detections.map(({ packed }) => (packed === undefined ? 'parsed' : 'kept')));
    for (const _ of known.pack());
  }
  expect(ways).toEqual(['parsed', 'parsed', 'kept', 'kept']);
});
