/** Alerts of real events: every ECS place that has a demanding type holds a value of that type. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../core/ip-address.ts';
import type { EventObject } from '../core/event.ts';
import { sampleAlert, sampleEvent, sampleRuleMatch } from '../testing/sample-alert.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';

const FILES = ['attack-mix', 'zeek-apt29-day1'];

describe.skipIf(!hasSharedData('events'))(`alerts of real events ${sharedDataMissing('events')}`, () => {
  it.each(FILES)('have addresses, ports and process numbers of the right type (%s)', (file) => {
    const lines = gunzipSync(readFileSync(sharedData('events', `${file}.ndjson.gz`)))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    let addresses = 0;
    for (const [i, line] of lines.entries()) {
      const { source, destination, process, host } = sampleAlert(
        sampleRuleMatch(),
        sampleEvent(JSON.parse(line) as EventObject, i),
      );
      for (const end of [source, destination]) {
        if (end?.ip !== undefined) {
          expect(parseIp(String(end.ip)), line).toBeDefined();
          addresses++;
        }
        if (end?.port !== undefined)
          expect(Number.isInteger(end.port) && Number(end.port) >= 0 && Number(end.port) <= 65_535, line).toBe(true);
      }
      if (process?.pid !== undefined) expect(Number.isSafeInteger(process.pid), line).toBe(true);
      expect(host?.name, line).toBeTypeOf('string');
    }
    expect(addresses).toBeGreaterThan(lines.length / 20);
  });
});
