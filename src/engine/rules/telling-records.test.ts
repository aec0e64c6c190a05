import { describe, expect, it } from 'vitest';
import { PROCESS_SHAPES } from '../../state/process/process-shapes.ts';
import { PROCESS_EVENT_IDS, START_KEYS } from './telling-records.ts';

describe('records of process starts and ends', () => {
  it('are told by their keys or event ids, whatever the format', () => {
    for (const { keys, when, kind } of PROCESS_SHAPES) {
      if (kind === 'activity') continue;
      const ids = (when ?? []).flatMap(([names, texts]) => (names.includes('EventID') ? texts : []));
      const isTold =
        keys.some((key) => START_KEYS.some((known) => known === key || key.startsWith(`${known}.`))) ||
        (ids.length > 0 && ids.every((id) => PROCESS_EVENT_IDS.has(id)));
      expect({ keys, isTold }).toEqual({ keys, isTold: true });
    }
  });
});
