/** Real Windows events: what process memory derives must be what Sysmon itself says of the parent. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { processEventOf } from './process-event.ts';
import { ProcessFields } from './process-fields.ts';
import { ProcessMemory } from './process-memory.ts';
import { toldAt } from '../../testing/told-time.ts';

const FILE = ['events', 'attack-mix.ndjson.gz'] as const;

describe.skipIf(!hasSharedData(...FILE))(`process memory on real events ${sharedDataMissing(...FILE)}`, () => {
  const events = hasSharedData(...FILE) ? readEvents() : [];

  /** Without GUIDs and parent fields: only ids and times are left to go by. */
  function bare(fields: EventObject): EventObject {
    return Object.fromEntries(
      Object.entries(fields).filter(
        ([name]) => !/Guid$/.test(name) && (!/^Parent/.test(name) || name === 'ParentProcessId'),
      ),
    );
  }

  it.each([
    [
      'with GUIDs',
      (fields: EventObject): EventObject =>
        Object.fromEntries(Object.entries(fields).filter(([name]) => !/^Parent(Image|CommandLine|User)$/.test(name))),
    ],
    ['with ids alone', bare],
  ])('finds the parent that Sysmon names, %s', (_what, strip) => {
    const memory = new ProcessMemory();
    let known = 0;
    let right = 0;
    for (const [timeMs, fields] of events) {
      const sysmon = fields['EventID'] === 1 && Object.hasOwn(fields, 'ParentImage');
      if (!sysmon && fields['EventID'] !== 5) continue;
      const stripped = strip(fields);
      const process = processEventOf(stripped, toldAt(timeMs));
      if (process === undefined) continue;
      if (sysmon) {
        const image = new ProcessFields(memory, stripped, process).value('ParentImage');
        if (image !== undefined) {
          known++;
          if (String(image).toLowerCase() === String(fields['ParentImage']).toLowerCase()) right++;
        }
      }
      memory.observe(process);
    }
    expect(known).toBeGreaterThan(40);
    expect(right).toBe(known);
  });

  it('gives Security 4688 the command line of the parent that Sysmon logged', () => {
    const memory = new ProcessMemory();
    let derived = 0;
    for (const [timeMs, fields] of events) {
      const process = processEventOf(fields, toldAt(timeMs));
      if (process === undefined) continue;
      memory.observe(process);
      if (fields['EventID'] !== 4688) continue;
      if (new ProcessFields(memory, fields, process).value('ParentCommandLine') !== undefined) derived++;
    }
    expect(derived).toBeGreaterThan(50);
  });
});

/** Time and fields of each event; events without a usable time are left out. */
function readEvents(): (readonly [number, EventObject])[] {
  const text = gunzipSync(readFileSync(sharedData(...FILE))).toString('utf8');
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const fields = JSON.parse(line) as EventObject;
    const timeMs =
      Date.parse(
        String(fields['UtcTime'] ?? '')
          .replace(' ', 'T')
          .concat('Z'),
      ) || Date.parse(String(fields['@timestamp']));
    return Number.isNaN(timeMs) ? [] : [[timeMs, fields] as const];
  });
}
