/** The smallest inputs that produce error codes of patterns, Sigma rules and configuration. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../src/config/address.ts';
import { parseYaml, readYamlFile } from '../src/config/yaml-file.ts';
import { openDataDir } from '../src/engine/config/data-dir.ts';
import { FlintError } from '../src/errors/diagnostic.ts';
import { INPUT_KINDS } from '../src/inputs/registry.ts';
import { regexProblem } from '../src/match/regex.ts';
import { compilePattern } from '../src/rules/pattern/compile.ts';
import { parsePattern } from '../src/rules/pattern/parse.ts';
import { loadSigma } from '../src/rules/sigma/load.ts';

it.each([
  ['PATTERN_MISSING_BRACKETS', "domain-name:value = 'a.example'"],
  ['PATTERN_MIXED_SET', "[a:b IN (1, 'x')]"],
  ['PATTERN_BAD_QUALIFIER', '[a:b = 1] REPEATS 0 TIMES'],
  ['PATTERN_BAD_TIMESTAMP', "[a:b = t'2026-02-30T00:00:00Z']"],
  ['PATTERN_BAD_NETWORK', "[ipv4-addr:value ISSUBSET 'no network']"],
  ['PATTERN_LIMIT', `${'('.repeat(300)}[a:b = 1]${')'.repeat(300)}`],
  ['PATTERN_SYNTAX', '[a:b = ]'],
])('%s comes from a pattern', (code, text) => {
  const result = parsePattern(text, { strict: true });
  const compiled = result.ok ? compilePattern(result.pattern, { regexProblem }) : result;
  expect(compiled.ok ? 'none' : compiled.diagnostic.code).toBe(code);
});

const RULE = {
  title: 'title: t\n',
  logsource: 'logsource: {product: windows}\n',
  selection: 'detection:\n  sel: {a: b}\n  condition: sel\n',
};

it.each([
  ['SIGMA_BAD_RULE', RULE.logsource + RULE.selection],
  ['SIGMA_BAD_DETECTION', `${RULE.title}${RULE.logsource}detection: text\n`],
  ['SIGMA_BAD_MODIFIER', `${RULE.title}${RULE.logsource}detection:\n  sel: {"a|re|cidr": b}\n  condition: sel\n`],
  ['SIGMA_BAD_VALUE', `${RULE.title}${RULE.logsource}detection:\n  sel: {a: [[b]]}\n  condition: sel\n`],
  ['SIGMA_BAD_REGEX', `${RULE.title}${RULE.logsource}detection:\n  sel: {"a|re": "("}\n  condition: sel\n`],
  ['SIGMA_BAD_CONDITION', `${RULE.title}${RULE.logsource}detection:\n  sel: {a: b}\n  condition: sel and\n`],
  ['SIGMA_UNKNOWN_IDENTIFIER', `${RULE.title}${RULE.logsource}detection:\n  sel: {a: b}\n  condition: sle\n`],
  ['SIGMA_BAD_CORRELATION', `${RULE.title}correlation: text\n`],
  [
    'SIGMA_CYCLE',
    'title: t\nname: loop\ncorrelation:\n  type: event_count\n  rules: [loop]\n  timespan: 1m\n  condition: {gte: 2}\n',
  ],
  ['SIGMA_BAD_FILTER', `${RULE.title}${RULE.logsource}filter: text\n`],
  [
    'SIGMA_DUPLICATE_RULE',
    Array.from(
      { length: 2 },
      () => `id: 5f1abf38-44ae-4ab1-9b0c-9a8a4b4e2c11\n${RULE.title}${RULE.logsource}${RULE.selection}`,
    ).join('---\n'),
  ],
])('%s comes from a rule', (code, text) => {
  const { diagnostics } = loadSigma([{ path: 'rule.yml', text }], { regexProblem });
  expect(diagnostics.map((one) => one.code)).toContain(code);
});

describe('configuration', () => {
  it('CONFIG_BAD_ADDRESS comes from an address', () => {
    const result = parseAddress('no address', INPUT_KINDS);
    expect(result.ok ? '' : result.diagnostic.code).toBe('CONFIG_BAD_ADDRESS');
  });

  it('CONFIG_UNREADABLE comes from a missing file and from broken YAML', () => {
    expect(readYamlFile('/nowhere/flint.yaml').diagnostics[0]?.code).toBe('CONFIG_UNREADABLE');
    expect(parseYaml('a: [', 'flint.yaml').diagnostics[0]?.code).toBe('CONFIG_UNREADABLE');
  });

  it('ENV_DATA_DIR_BUSY comes from a second owner', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-owner-'));
    const owner = openDataDir(directory);
    try {
      openDataDir(directory);
      expect.unreachable();
    } catch (error) {
      expect(error instanceof FlintError ? error.diagnostics[0]?.code : error).toBe('ENV_DATA_DIR_BUSY');
    } finally {
      owner.close();
      rmSync(directory, { recursive: true });
    }
  });
});
