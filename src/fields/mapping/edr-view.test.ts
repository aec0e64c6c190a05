/** Only what stands in the record itself is told from its bytes. */
import { expect, it } from 'vitest';
import { edr } from './edr.ts';

it('an action in an object of the record is left to the decoder, though the record names another one', () => {
  const start = { ActionType: 'ProcessCreated', InitiatingProcessId: 4, ProcessId: 7, FolderPath: 'C:\\a.exe' };
  expect(edr.recordView?.(start)?.isRecord).toBe(true);
  expect(edr.recordView?.({ ...start, ActionType: 'Other', properties: start })).toBeUndefined();
  expect(edr.recordView?.({ properties: start })).toBeUndefined();
});
