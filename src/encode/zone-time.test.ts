import { expect, it } from 'vitest';
import { zoneTime } from './zone-time.ts';

it('says the same of a time in UTC whatever the zone is called', () => {
  const last = 253_402_300_799_999;
  for (const ms of [0, 1, 999, 1_718_204_400_000, 951_782_399_999, last, last + 1, -1, -62_135_596_800_001])
    for (const name of ['UTC', 'Z']) expect(zoneTime(ms, name), `${ms}`).toBe(zoneTime(ms, 'Etc/UTC'));
});
