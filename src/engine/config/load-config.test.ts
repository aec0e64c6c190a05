import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSecret } from '../../config/secret.ts';
import { loadConfig } from './load-config.ts';

function fileOf(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'flint-config-')), 'flint.yaml');
  writeFileSync(file, text);
  return file;
}

describe('configuration', () => {
  it('has a default for everything', () => {
    const { config, diagnostics } = loadConfig({}, {});
    expect(diagnostics).toEqual([]);
    expect([config.data_dir, config.http.listen, config.alerts.suppress_seconds, config.limits.json_depth]).toEqual([
      './flint-data',
      '127.0.0.1:8720',
      300,
      128,
    ]);
  });

  it('lets the environment win over the file and flags over both', () => {
    const file = fileOf('timezone: Europe/Berlin\nworkers: 1\ninputs: [gelf+udp://127.0.0.1:1]\n');
    const { config, diagnostics } = loadConfig(
      { file, workers: '4', listen: ['json+tcp://127.0.0.1:2'] },
      { FLINT_TIMEZONE: 'Z', FLINT_WORKERS: '2' },
    );
    expect(diagnostics).toEqual([]);
    expect([config.timezone, config.workers, config.inputs]).toEqual([
      'Z',
      4,
      ['gelf+udp://127.0.0.1:1', 'json+tcp://127.0.0.1:2'],
    ]);
  });

  it('names unknown keys with line and the nearest known one', () => {
    const file = fileOf('timezone: Z\ninptus: []\n');
    const [problem] = loadConfig({ file }, {}).diagnostics;
    expect(problem?.message).toContain('unknown key "inptus"');
    expect(problem?.message).toContain('did you mean "inputs"?');
    expect(problem?.span).toMatchObject({ line: 2, column: 1 });
  });

  it('refuses values out of range and zones nobody knows', () => {
    const messages = loadConfig({ workers: '0' }, { FLINT_LIMITS__JSON_DEPTH: '2' }).diagnostics.map(
      (problem) => problem.message,
    );
    expect(messages.some((message) => message.includes('workers'))).toBe(true);
    expect(messages.some((message) => message.includes('limits'))).toBe(true);
    expect(loadConfig({}, { FLINT_TIMEZONE: 'Mars/Olympus' }).diagnostics[0]?.message).toContain('Mars/Olympus');
  });

  it('is that of the STIX Spark container with LISTEN_PORT and OUTPUT alone', () => {
    const { config, dropIn } = loadConfig({}, { LISTEN_PORT: '15155', OUTPUT: '127.0.0.1:12201', TZ: 'Asia/Shanghai' });
    expect(dropIn).toBe(true);
    expect(config.inputs).toEqual(['gelf+udp://0.0.0.0:15155']);
    expect(config.outputs).toEqual(['127.0.0.1:12201']);
    expect([config.http.listen, config.alerts.suppress_seconds, config.timezone]).toEqual(['off', 0, 'Asia/Shanghai']);
  });

  it('takes secrets from the environment or a file and names only where they were looked for', () => {
    expect(resolveSecret({ file: fileOf('s3cret\nrest') })).toBe('s3cret');
    expect(() => resolveSecret({ env: 'FLINT_TEST_NO_SUCH_VARIABLE' })).toThrow(
      '"FLINT_TEST_NO_SUCH_VARIABLE" is not set',
    );
  });
});
