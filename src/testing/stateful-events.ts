/**
 * A log and rules for it in which every kind of state is at work: correlations of all sorts, chained ones too, flux specifications, STIX patterns over
 * several observations. The log is a seeded random one, in event time order with some events late within the lateness.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from './random.ts';

export interface StatefulSetup {
  /** Arguments of `flint run`, without input, output and data directory. */
  readonly args: readonly string[];
  /** Lines of the log, each with its line feed. */
  readonly lines: readonly string[];
  /** Whom the events are about. */
  readonly users: readonly string[];
}

const RULES = `title: Failed logon
name: failed
id: 11111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {action: fail}, condition: s}
---
title: Logon
name: logon
id: 22222222-2222-4222-8222-222222222222
logsource: {category: test}
detection: {s: {action: login}, condition: s}
---
title: Download
name: download
id: 33333333-3333-4333-8333-333333333333
logsource: {category: test}
detection: {s: {action: get}, condition: s}
---
title: Many failed
name: many_failed
id: 44444444-4444-4444-8444-444444444444
correlation:
  type: event_count
  rules: [failed]
  group-by: [user]
  timespan: 30s
  condition: {gte: 3}
  generate: true
---
title: Failed then in
id: 55555555-5555-4555-8555-555555555555
correlation:
  type: temporal_ordered
  rules: [many_failed, logon]
  group-by: [user]
  timespan: 60s
---
title: Many hosts
id: 66666666-6666-4666-8666-666666666666
correlation:
  type: value_count
  rules: [logon, download]
  group-by: [user]
  timespan: 45s
  condition: {field: host, gte: 4}
---
title: Much downloaded
id: 77777777-7777-4777-8777-777777777777
correlation:
  type: value_sum
  rules: [download]
  group-by: [host]
  timespan: 40s
  condition: {field: size, gt: 5000}
---
title: Few in a window
id: 88888888-8888-4888-8888-888888888888
correlation:
  type: value_median
  rules: [download]
  group-by: [user]
  timespan: 20s
  condition: {field: size, gte: 700}
`;

const PROCESS_RULE = `title: Child of evil
id: 99999999-9999-4999-8999-999999999999
logsource: {category: test}
detection: {s: {ParentImage|endswith: '\\\\evil.exe'}, condition: s}
`;

const FLUX = `rules:
  - rulename: chain
    action: temporal
    ordered: true
    timespan: 50s
    groupby: [user]
    tags: [{name: Failed logon}, {name: Download}]
  - rulename: both
    action: temporal
    groupby: [user]
    reset: true
    tags: [{name: Logon}, {name: Download}]
`;

const BUNDLE = {
  type: 'bundle',
  id: 'bundle--00000000-0000-4000-8000-000000000001',
  objects: [
    {
      type: 'indicator',
      spec_version: '2.1',
      id: 'indicator--00000000-0000-4000-8000-000000000002',
      created: '2026-01-01T00:00:00Z',
      modified: '2026-01-01T00:00:00Z',
      valid_from: '2026-01-01T00:00:00Z',
      pattern_type: 'stix',
      name: 'one name after another',
      pattern:
        "([domain-name:value = 'first.example.net'] FOLLOWEDBY [domain-name:value = 'second.example.net']) WITHIN 25 SECONDS",
    },
  ],
};

export function statefulSetup(folder: string, seed: number, count: number): StatefulSetup {
  const rules = join(folder, 'rules.yml');
  const flux = join(folder, 'flux.yml');
  const intel = join(folder, 'patterns.json');
  writeFileSync(intel, JSON.stringify(BUNDLE));
  writeFileSync(rules, `${RULES}---\n${PROCESS_RULE}`);
  writeFileSync(flux, FLUX);
  const random = new Random(seed);
  let timeMs = Date.parse('2026-03-01T10:00:00Z');
  const users = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8'];
  const lines = Array.from({ length: count }, (_, n) => {
    timeMs += random.int(3000);
    const late = random.chance(0.1) ? random.int(20_000) : 0;
    const action = random.pick(['fail', 'fail', 'login', 'get', 'none']);
    const event = {
      '@timestamp': new Date(timeMs - late).toISOString(),
      n,
      action,
      user: random.pick(users),
      host: `h${random.int(9)}`,
      domain: random.chance(0.2) ? random.pick(['first.example.net', 'second.example.net']) : 'other.example.org',
      size: random.int(2000),
    };
    if (random.chance(0.75)) return `${JSON.stringify(event)}\n`;
    const start = {
      ...{ '@timestamp': event['@timestamp'], n, Channel: 'Security', EventID: 4688, Computer: event.host },
      ...{ NewProcessId: `0x${random.int(40)}`, ProcessId: `0x${random.int(40)}` },
      NewProcessName: random.pick(['C:\\x\\evil.exe', 'C:\\x\\good.exe', 'C:\\x\\other.exe']),
    };
    return `${JSON.stringify(start)}\n`;
  });
  return { args: ['--rules', rules, '--flux', flux, '--flux-group', 'host', '--intel', intel], lines, users };
}
