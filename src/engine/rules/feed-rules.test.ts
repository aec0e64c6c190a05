/** Sigma rules that come as indicators of a feed: they run like all others, and their alerts say which feed they are of. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildGeneration, type GenerationOptions } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-feed-rules-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rule = (title: string, item: string): string =>
  `title: ${title}\nlevel: high\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  sel:\n    ${item}\n  condition: sel\n`;

function indicator(i: number, pattern: string, more: object = {}): object {
  return {
    ...{ type: 'indicator', spec_version: '2.1', id: `indicator--00000000-0000-4000-8000-00000000000${i}` },
    ...{ created: '2024-01-01T00:00:00Z', modified: '2024-01-01T00:00:00Z', valid_from: '2024-01-01T00:00:00Z' },
    ...{ name: `rule ${i}`, confidence: 77, pattern_type: 'sigma', pattern, ...more },
  };
}

/** The matches of one process start, and what was said while loading. */
async function examined(objects: readonly object[], mode: GenerationOptions['mode']) {
  const path = join(folder, 'partner.json');
  writeFileSync(path, JSON.stringify({ type: 'bundle', objects }));
  const generation = await buildGeneration(loadConfig({ intel: [path] }, {}), { mode, report: () => undefined });
  const bytes = Buffer.from(
    JSON.stringify({ EventID: 1, Channel: 'Microsoft-Windows-Sysmon/Operational', Image: 'C:\\x\\whoami.exe' }),
  );
  const { detector } = generation.processor;
  const source = { input: 'test', id: 'test', path: '', transport: 'file', timezone: 'Z' } as const;
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: Date.parse('2024-06-01T00:00:00Z') };
  const matches = detector.examine(bytes, 0, bytes.length, origin as never).flatMap((found) => found.matches);
  return { matches, expired: detector.counts.expired, diagnostics: generation.diagnostics, path };
}

describe('a Sigma rule of a feed', () => {
  const whoami = rule('Whoami', "Image|endswith: '\\whoami.exe'");

  it.each(['run', 'scan'] as const)('matches and carries what the feed says about it (%s)', async (mode) => {
    const { matches } = await examined([indicator(1, whoami)], mode);
    expect(matches).toMatchObject([
      {
        engine: 'sigma',
        rule: { name: 'Whoami', level: 'high' },
        indicator: { id: 'indicator--00000000-0000-4000-8000-000000000001', provider: 'partner', confidence: 77 },
        validity: 'within',
      },
    ]);
  });

  it('that is bad is told with feed, indicator and line, and keeps no other from running', async () => {
    const bad = indicator(2, rule('Bad', "Image|endswth: 'x'"));
    const { matches, diagnostics, path } = await examined([bad, indicator(1, whoami)], 'run');
    expect(matches).toHaveLength(1);
    expect(diagnostics.map(({ code, span }) => [code, span?.file, span?.line])).toEqual([
      ['SIGMA_UNKNOWN_MODIFIER', `${path}#indicator--00000000-0000-4000-8000-000000000002`, 8],
    ]);
  });

  it('expires with its indicator in a service, and is marked in a scan', async () => {
    const old = [indicator(1, whoami, { valid_until: '2024-02-01T00:00:00Z' })];
    expect(await examined(old, 'run')).toMatchObject({ matches: [], expired: 1 });
    expect((await examined(old, 'scan')).matches).toMatchObject([{ validity: 'after' }]);
  });

  it('that is revoked is gone', async () => {
    const gone = indicator(1, whoami, { revoked: true, modified: '2024-02-01T00:00:00Z' });
    expect((await examined([indicator(1, whoami), gone], 'run')).matches).toEqual([]);
  });
});
