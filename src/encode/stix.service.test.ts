/**
 * The bundles against the libraries of OASIS: stix2 accepts every object without custom properties and derives the same ids for observables,
 * the pattern validator accepts the pattern of every indicator.
 */
import { describe, expect, it } from 'vitest';
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { installOasisPython, runOasisPython } from '../testing/oasis-python.ts';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleRuleMatch, sampleSource } from '../testing/sample-alert.ts';
import type { OutgoingAlert } from './encoder.ts';
import { stix } from './stix.ts';

const missing = installOasisPython();

const SCRIPT = `
import json, sys, stix2
from stix2patterns.validator import run_validator
report = []
for line in sys.stdin:
    bundle = stix2.parse(line, allow_custom=False, version='2.1')
    ids = []
    for o in json.loads(line)['objects']:
        again = dict(o)
        if o['type'] in ('ipv4-addr','ipv6-addr','domain-name','url','email-addr','file','directory','user-account','windows-registry-key','network-traffic','mutex'):
            del again['id']
            ids.append([o['id'], stix2.parse(json.dumps(again), version='2.1').id])
        if o['type'] == 'indicator' and o['pattern_type'] == 'stix':
            errors = run_validator(o['pattern'], stix_version='2.1')
            ids.append([[], errors])
    report.append({'count': len(bundle.objects), 'ids': ids})
print(json.dumps(report))
`;

const EVENT = sampleEvent({
  SRC_IP: '10.0.0.1',
  SRC_PORT: 5000,
  DST_IP: '2001:DB8::1',
  DST_PORT: 443,
  url: { full: 'https://a.example/x?q=%C3%A9', original: '/x?q=%C3%A9', domain: 'A.example' },
  http: { request: { method: 'POST' } },
  user_agent: { original: 'Mozilla/5.0 "é" \u2028' },
  Image: 'C:\\Users\\é\\a.exe',
  CommandLine: 'a.exe "x"',
  ProcessId: '0x1f4',
  ParentImage: 'C:\\Windows\\explorer.exe',
  ParentProcessId: 4,
  TargetObject: 'HKLM\\Software\\Run',
  Hashes: `MD5=0123456789ABCDEF0123456789abcdef,SHA1=${'b'.repeat(40)},SHA256=${'a'.repeat(64)}`,
  User: 'D\\u',
  Protocol: 'tcp',
});

const VALUES: readonly (readonly [IndicatorKind, string, Semantics])[] = [
  ['domain', "o'b\\rien.example", 'subdomain'],
  ['url', 'https://a.example/%_', 'prefix'],
  ['url', 'https://a.example/x', 'host'],
  ['ipv4', '198.51.100.3', 'exact'],
  ['ipv6', '2001:db8::1', 'exact'],
  ['network', '2001:db8::/32', 'exact'],
  ['network', '198.51.100.0/24', 'exact'],
  ['email', 'a@b.example', 'exact'],
  ['hash', 'c'.repeat(40), 'exact'],
  ['hash', 'c'.repeat(64), 'exact'],
  ['file-name', 'evil.exe', 'exact'],
  ['registry-key', 'HKEY_LOCAL_MACHINE\\Software\\Evil', 'exact'],
  ['mutex', 'Global\\evil', 'exact'],
  ['user-agent', 'evil/1.0', 'exact'],
  ['endpoint', '198.51.100.3:8080', 'exact'],
  ['endpoint', '[2001:db8::1]:8080', 'exact'],
  ['text', 'evil words', 'exact'],
];

describe(`STIX 2.1 bundles and the libraries of OASIS ${missing}`, () => {
  it.skipIf(missing !== '')('agree on objects, ids and patterns', async () => {
    const published = sampleSource({ pattern: "[ipv4-addr:value = '222.136.170.15']", tlp: 'amber', confidence: 70 });
    const correlated = {
      ...sampleRuleMatch(),
      engine: 'correlation' as const,
      count: 3,
      events: [sampleEvent({}, 9), { ...sampleEvent({}, 8), timeMs: 5 }],
    };
    const alerts: OutgoingAlert[] = [
      sampleOutgoing(sampleMatch({ sources: [published] }), EVENT),
      sampleOutgoing(sampleMatch()),
      sampleOutgoing(sampleRuleMatch(), EVENT),
      sampleOutgoing(sampleRuleMatch(), sampleEvent({})),
      sampleOutgoing(correlated, EVENT),
      ...VALUES.map(([kind, value, semantics]) =>
        sampleOutgoing(sampleMatch({ kind, value, semantics, sources: [sampleSource({ name: value })] }), EVENT),
      ),
    ];
    const lines = alerts.map((alert) => stix.encode(alert, { timezone: 'UTC', sensor: 'sensor-1' }));
    const report = JSON.parse(await runOasisPython(SCRIPT, `${lines.join('\n')}\n`)) as {
      readonly count: number;
      readonly ids: readonly (readonly [unknown, unknown])[];
    }[];
    expect(report).toHaveLength(alerts.length);
    for (const [i, { count, ids }] of report.entries()) {
      expect(count).toBe((JSON.parse(lines[i] ?? '') as { objects: unknown[] }).objects.length);
      for (const [ours, theirs] of ids) expect(theirs, lines[i]).toEqual(ours);
    }
    expect(report.flatMap(({ ids }) => ids).length).toBeGreaterThan(100);
  });
});
