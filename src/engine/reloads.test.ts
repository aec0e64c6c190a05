import { expect, it } from 'vitest';
import { SILENT } from '../telemetry/logger.ts';
import type { IntelStore } from './intel/intel-store.ts';
import { Reloads } from './reloads.ts';

it('lets a reload under way end before it stops, and begins none after it', async () => {
  const begun: (() => void)[] = [];
  const reloads = new Reloads({
    rebuild: () => new Promise((resolve) => void begun.push(() => resolve(`rebuilt ${begun.length}`))),
    diagnostics: () => [],
    store: {} as IntelStore,
    logger: SILENT,
  });
  const first = reloads.run();
  const again = reloads.run();
  let stopped = false;
  const stopping = reloads.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  expect(stopped).toBe(false);
  begun[0]?.();
  await stopping;
  expect(await first).toMatchObject({ ok: true, message: 'rebuilt 1' });
  expect(await again).toMatchObject({ ok: false, message: 'the service is stopping' });
  expect(await reloads.run()).toMatchObject({ ok: false, message: 'the service is stopping' });
  expect(begun).toHaveLength(1);
});
