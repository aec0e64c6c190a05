import { expect, it } from 'vitest';
import type { Event, EventObject } from '../../core/event.ts';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import { SigmaEventRules } from './sigma-rules.ts';

const RULE = `
title: Encoded command
id: 33333333-3333-4333-8333-333333333333
author: someone
license: MIT
logsource: {category: process_creation, product: windows}
detection:
  img: {Image|endswith: '\\powershell.exe'}
  enc: {CommandLine|contains: [' -enc ', ' -e ']}
  admin: {User|startswith: 'ADM'}
  condition: img and enc and not admin
level: high
`;

function event(fields: EventObject, logsource?: string): Event {
  const source = {
    input: 'i',
    path: 'p',
    id: 'i',
    replayable: false,
    timezone: 'Z',
    ...(logsource === undefined ? {} : { logsource }),
  };
  const origin = { source, position: 0, line: 0, record: 0, part: 0, arrivalMs: 0 };
  return { fields, original: '', format: 'json', timeMs: 0, timeOrigin: 'field', origin };
}

const rules = loadSigma([{ path: 'a.yml', text: RULE }], { regexProblem }).detections;
const DATA = { Image: 'C:\\Windows\\PowerShell.exe', CommandLine: 'powershell -enc AAAA' };
const SYSMON = { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, ...DATA };

it('says which fields matched, by which item and how', () => {
  const [match] = new SigmaEventRules(rules).match(event(SYSMON));
  expect(match).toMatchObject({
    engine: 'sigma',
    rule: { name: 'Encoded command', level: 'high', author: 'someone', license: 'MIT' },
    matched: [
      { field: 'Image', value: DATA.Image, item: 'Image|endswith: \\powershell.exe', how: 'endswith' },
      { field: 'CommandLine', value: DATA.CommandLine, item: 'CommandLine|contains:  -enc ', how: 'contains' },
    ],
  });
});

it('tries no rule on events of no known shape, and counts them', () => {
  const sigma = new SigmaEventRules(rules);
  expect(sigma.match(event(DATA))).toEqual([]);
  expect(sigma.counts).toMatchObject({ events: 1, unrecognised: 1 });
});

it('follows a pinned log source', () => {
  const sigma = new SigmaEventRules(rules);
  expect(sigma.match(event(DATA, 'windows/process_creation'))).toHaveLength(1);
  expect(sigma.match(event(DATA, 'linux/process_creation'))).toEqual([]);
  expect(sigma.match(event(SYSMON, 'windows'))).toHaveLength(1);
});

it('fires on no foreign log source', () => {
  const sigma = new SigmaEventRules(rules);
  expect(sigma.match(event({ ...SYSMON, EventID: 5 }))).toEqual([]);
  expect(sigma.match(event({ ...SYSMON, Channel: 'Security', EventID: 4624 }))).toEqual([]);
  expect(sigma.match(event({ _path: 'conn', uid: 'C1', ...DATA }))).toEqual([]);
});

it('explains the condition tree with what the event has', () => {
  const sigma = new SigmaEventRules(rules);
  const id = '33333333-3333-4333-8333-333333333333';
  const explanation = sigma.explain(id, event({ ...SYSMON, User: 'ADM\\x' }));
  expect(explanation).toMatchObject({
    admitted: true,
    source: { shape: 'windows-flat', product: 'windows', categories: ['process_creation'], services: ['sysmon'] },
    tree: {
      text: 'all of',
      held: false,
      children: [
        { text: 'Image|endswith: \\powershell.exe', held: true, seen: [DATA.Image] },
        { text: 'any of', held: true },
        { text: 'not', held: false, children: [{ text: 'User|startswith: ADM', held: true, seen: ['ADM\\x'] }] },
      ],
    },
  });
  expect(sigma.explain('nobody', event(SYSMON))).toBeUndefined();
});
