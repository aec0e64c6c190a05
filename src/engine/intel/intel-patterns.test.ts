import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readIntelSource } from '../../intel/intel-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import { intelPatterns } from './intel-patterns.ts';
import { compilePatterns } from '../rules/pattern-set.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-intel-patterns-'));
afterEach(() => rmSync(folder, { recursive: true }));

describe('patterns of loaded intelligence', () => {
  it('are those that one value does not decide, with what is said about them', async () => {
    const indicator = (n: number, pattern: string) => ({
      type: 'indicator',
      spec_version: '2.1',
      id: `indicator--00000000-0000-4000-8000-00000000000${n}`,
      created: '2024-01-01T00:00:00Z',
      modified: '2024-01-01T00:00:00Z',
      name: `indicator ${n}`,
      confidence: 80,
      pattern,
      pattern_type: 'stix',
      valid_from: '2024-01-01T00:00:00Z',
      kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: 'execution' }],
    });
    const sequence = "[process:command_line LIKE '%whoami'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']";
    const objects = [indicator(1, "[domain-name:value = 'evil.example']"), indicator(2, sequence)];
    writeFileSync(join(folder, 'bundle.json'), JSON.stringify({ type: 'bundle', id: 'bundle--1', objects }));
    const read = readIntelSource(join(folder, 'bundle.json'));
    if (!read.ok) throw new Error('source refused');
    const inputs = intelPatterns(await loadIntel([read.source], { now: () => 0 }));
    expect(inputs).toMatchObject([
      {
        pattern: sequence,
        details: {
          id: 'indicator--00000000-0000-4000-8000-000000000002',
          name: 'indicator 2',
          confidence: 80,
          tags: ['mitre-attack:execution'],
        },
        indicator: { confidence: 80, validFromMs: Date.UTC(2024, 0, 1) },
      },
    ]);
    expect(compilePatterns(inputs)).toMatchObject({ set: { layers: { size: 1 } }, problems: [] });
  });
});
