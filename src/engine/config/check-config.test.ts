/** `flint check` on a configuration with one mistake of every sort: each is found, placed and none hides another. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfig, memoryProblems } from './check-config.ts';
import { loadConfig } from './load-config.ts';

const CONFIG = `inputs:
  - gelf+udp://127.0.0.1:12201
  - gelff+udp://127.0.0.1:1
outputs:
  - stdout:?format=foo
intel:
  - { source: LIST }
  - { source: LIST, formt: plain }
  - https://feeds.example/x.txt
rules: [RULE]
flux: [FLUX]
http: { lisen: off }
`;

const RULE = (title: string, level: string, item: string): string =>
  `title: ${title}\nlevel: ${level}\nlogsource: { product: windows }\ndetection:\n  sel:\n    ${item}\n  condition: sel\n`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-check-'));
  const put = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const list = put('list.txt', 'evil.example\n??? bad ???\n198.51.100.7\n');
  const rule = put(
    'rule.yml',
    'title: x\nlogsource: { product: windows }\ndetection:\n  sel:\n    a|foo: b\n  condition: sel\n',
  );
  const flux = put('flux.yaml', 'rules:\n  - rulename: x\n    action: parnt\n    tags: [a]\n');
  put('flint.yaml', CONFIG.replaceAll('LIST', list).replace('RULE', rule).replace('FLUX', flux));
  const plain = put('plain.yml', RULE('Plain', 'high', 'a: b'));
  const expand = put('expand.yml', RULE('Expand', 'low', 'a|expand: "%admins%"'));
  put(
    'rules.yaml',
    `rules: [${plain}, ${expand}]\nplaceholders: { admins: [root] }\nrule_selection: { include: [{ min_level: high }] }\n`,
  );
  put('no-values.yaml', `rules: [${plain}, ${expand}]\nstix_mappings: [{ name: m, objects: [] }]\n`);
  put('wrong-types.yaml', `rules: [${plain}]\nrule_selection: { include: high }\nplaceholders: [a]\n`);
  put('one-rule.yaml', `rules: [${plain}]\n`);
  put('good.yaml', `intel: [${put('good.txt', 'evil.example\n')}]\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const check = (name: string) =>
  checkConfig(loadConfig({ file: join(folder, name), dataDir: join(folder, 'data') }, {}), () => 0);

describe('checkConfig', () => {
  it('reports every finding with its place', async () => {
    const { diagnostics } = await check('flint.yaml');
    const found = diagnostics.map(({ code, severity, span }) => [
      code,
      severity,
      span?.file.slice(folder.length + 1),
      span?.line,
      span?.sourceLine?.trim(),
    ]);
    const list = join(folder, 'list.txt');
    expect(found).toEqual([
      ['CONFIG_UNKNOWN_KEY', 'error', 'flint.yaml', 12, 'http: { lisen: off }'],
      ['CONFIG_BAD_ADDRESS', 'error', 'flint.yaml', 3, '- gelff+udp://127.0.0.1:1'],
      ['CONFIG_BAD_VALUE', 'error', 'flint.yaml', 5, '- stdout:?format=foo'],
      ['CONFIG_UNKNOWN_KEY', 'error', 'flint.yaml', 8, `- { source: ${list}, formt: plain }`],
      ['INTEL_NOT_FETCHED', 'note', undefined, undefined, undefined],
      ['INTEL_BAD_VALUE', 'error', 'list.txt', 2, '??? bad ???'],
      ['SIGMA_UNKNOWN_MODIFIER', 'error', 'rule.yml', 5, 'a|foo: b'],
      ['STATE_BAD_SPEC', 'error', 'flux.yaml', 3, 'action: parnt'],
    ]);
    expect(diagnostics[0]?.message).toContain('did you mean "listen"?');
  });

  it('counts what is good beside it and leaves nothing behind', async () => {
    const report = await check('flint.yaml');
    expect(report).toMatchObject({ inputs: 1, outputs: 0, feeds: 1, indicators: 2, badEntries: 1, sigmaRules: 0 });
    expect(report.tableBytes).toBeGreaterThan(0);
    expect(report.scannerBytes).toBeGreaterThan(0);
    expect(readdirSync(folder)).not.toContain('data');
  });

  it('finds nothing wrong where nothing is', async () => {
    const report = await check('good.yaml');
    expect(report.diagnostics).toEqual([]);
    expect(report.indicators).toBe(1);
  });

  it('loads rules as a start does: pipelines, placeholders, selection, mappings', async () => {
    const report = await check('rules.yaml');
    expect(report.diagnostics.map(({ code, message }) => [code, message])).toEqual([]);
    expect(report.sigmaRules).toBe(1);
    const without = await check('no-values.yaml');
    expect(without.diagnostics.map(({ code }) => code)).toEqual(['SIGMA_UNRESOLVED_PLACEHOLDER', 'CONFIG_BAD_VALUE']);
    expect(without.sigmaRules).toBe(1);
  });

  it('says which input is of a log source that no rule is for', async () => {
    const listen = ['linux/auditd', 'windwos', 'windows/*/sysmon', 'windows'].map(
      (source, i) => `json+udp://127.0.0.1:${i + 1}?logsource=${source}`,
    );
    const loaded = loadConfig({ file: join(folder, 'one-rule.yaml'), listen }, {});
    const { diagnostics } = await checkConfig(loaded, () => 0);
    expect(diagnostics.map(({ code, severity, message }) => `${severity} ${code} ${message}`)).toEqual([
      'warning SIGMA_SOURCE_UNUSED no loaded rule is for the log source "linux/auditd" of input "json+udp://127.0.0.1:1"',
      'warning SIGMA_SOURCE_UNUSED no loaded rule is for the log source "windwos" of input "json+udp://127.0.0.1:2"',
    ]);
  });

  it('goes on where rules are configured with values of the wrong type', async () => {
    const { diagnostics, sigmaRules } = await check('wrong-types.yaml');
    expect(diagnostics.map(({ code, span }) => [code, span?.line])).toEqual([
      ['CONFIG_BAD_VALUE', 2],
      ['CONFIG_BAD_VALUE', 3],
    ]);
    expect(sigmaRules).toBe(1);
  });

  it('does not blame the configuration file for entries of the command line', async () => {
    const loaded = loadConfig({ file: join(folder, 'good.yaml'), listen: ['gelff+udp://127.0.0.1:1'] }, {});
    const { diagnostics } = await checkConfig(loaded, () => 0);
    expect(diagnostics.map(({ code, span }) => [code, span])).toEqual([['CONFIG_BAD_ADDRESS', undefined]]);
  });

  it('wants the secrets of sources to be there', async () => {
    const auth = { type: 'bearer', token: { env: 'FEED_TEST_NO_SUCH' } };
    const environment = {
      FLINT_INTEL: JSON.stringify([{ source: 'taxii+https://taxii.example/', name: 'partner', auth }]),
    };
    const { diagnostics } = await checkConfig(loadConfig({ dataDir: join(folder, 'data') }, environment), () => 0);
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'CONFIG_BAD_VALUE "auth.token" of source "partner": environment variable "FEED_TEST_NO_SUCH" is not set',
      'INTEL_NOT_FETCHED feed "https://taxii.example/" has not been fetched yet and is not checked',
    ]);
  });

  it('wants a token off loopback', async () => {
    const { diagnostics } = await checkConfig(loadConfig({ http: '0.0.0.0:8720' }, {}), () => 0);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'http address "0.0.0.0" can be reached from other machines and needs a token',
    ]);
  });
});

describe('memoryProblems', () => {
  it('refuses what does not fit beside the work area', () => {
    expect(memoryProblems(1, 4 * 2 ** 30 - (24 << 20), 16 << 20)).toEqual([]);
    const [problem] = memoryProblems(5e8, 4 * 2 ** 30 - (24 << 20) + 1, 16 << 20);
    expect(problem).toMatchObject({ code: 'INTEL_TOO_LARGE', severity: 'error' });
  });
});
