import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { PossibleShapes } from './possible-shapes.ts';
import { shapes } from './registry.ts';

const all = shapes();
const possible = new PossibleShapes(all);

const KEYS = [
  ...[
    'EventID',
    'Channel',
    'SourceName',
    'winlog',
    'winlog.channel',
    'Event',
    '_path',
    '@stream',
    '@proc',
    'ActionType',
  ],
  ...[
    'event',
    'event.dataset',
    'data_stream',
    'host',
    'process',
    'auditd',
    'properties',
    'event_type',
    'dest_ip',
    'flow_id',
  ],
  ...['type', 'msg', 'message', 'program', 'hostname', 'method', 'status', 'path', 'url', 'action', 'actor', 'org'],
  ...[
    'eventSource',
    'eventName',
    'awsRegion',
    'eventType',
    'debugContext',
    'Workload',
    'Operation',
    'RecordType',
    'log',
  ],
  ...['operationName', 'category', 'tenantId', 'protoPayload', 'logid', 'devid', '_EventID', '_Channel', 'x'],
];
const TEXTS = [
  'Security',
  'EXECVE',
  'audit(1:2): a0=1',
  'okta.system',
  'GET',
  'dns',
  '200',
  'auditd',
  'process',
  'start',
];

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom(...TEXTS),
    fc.constantFrom(null, 4688, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom(
        'channel',
        'event_id',
        'dataset',
        'os',
        'type',
        'category',
        'pid',
        'System',
        'log',
        'record_type',
      ),
      tie('value'),
      { maxKeys: 3 },
    ),
  ),
})).value;

describe('shapes that are possible by the keys of a record', () => {
  it('hold the one that takes it', () => {
    const record = fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 6 });
    fc.assert(
      fc.property(record, (fields) => {
        const event = fields as EventObject;
        const takes = ({ recognises }: (typeof all)[number]): boolean => recognises(event);
        expect(possible.of(event).find(takes)?.name).toBe(all.find(takes)?.name);
      }),
      { numRuns: testRounds(300, 20_000), seed: testSeed() },
    );
  });

  it('are few', () => {
    const names = (fields: EventObject): readonly string[] => possible.of(fields).map(({ name }) => name);
    expect(names({ '@timestamp': 'x', EventID: 1, User: 'a', n: 1 })).toEqual([]);
    expect(names({ EventID: 1, Channel: 'Security' })).toEqual(['windows-flat']);
    expect(names({ event: {}, host: {} })).toContain('elastic-endpoint');
  });
});
