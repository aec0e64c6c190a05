/** Events that no Sigma rule is tried on, because nothing tells their log source, are counted and said. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

it.each([1, 2])('are told by the summary of scan with %i workers', async (workers) => {
  const rule = join(folder.path, 'rule.yml');
  writeFileSync(
    rule,
    'title: t\nid: 5f1abf38-291b-4a2e-8b5c-1d9c7d7b5a10\nlogsource:\n  product: windows\n  category: process_creation\n' +
      "detection:\n  s:\n    CommandLine|contains: 'mimikatz'\n  condition: s\n",
  );
  const log = join(folder.path, 'events.ndjson');
  const known = { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, CommandLine: 'mimikatz.exe' };
  writeFileSync(log, `${JSON.stringify(known)}\n${'{"shape":"of my own","CommandLine":"mimikatz.exe"}\n'.repeat(3)}`);
  const flint = new FlintProcess({
    args: ['scan', '--workers', String(workers), '--rules', rule, log],
    cwd: folder.path,
  });
  expect((await flint.exited).code).toBe(0);
  expect(flint.stdout.trim().split('\n')).toHaveLength(1);
  expect(flint.stderr).toContain('no Sigma rule was tried on 3 events');
});
