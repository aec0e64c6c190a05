import { loadAll, YAMLException } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { activeRuleFiles } from '../../testing/sigma-corpus.ts';
import { Random } from '../../testing/random.ts';
import { hasSharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { RULE_SCHEMA } from './yaml-schema.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();
const ROUNDS = testRounds(15_000, 1_000_000);

/** What the full parser says; undefined: that it is wrong. */
function full(text: string): unknown[] | undefined {
  try {
    return loadAll(text, { schema: RULE_SCHEMA });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return undefined;
  }
}

const RULE = `# a comment
title: It's a "rule" # with a comment
id: 0f6ac7ab-9f3c-4d5e-8c1b-000000000001
description: |
    Two lines,
      the second deeper

    and a third
references:
    - https://example.org/a#b
    - 'it''s quoted'
tags: []
date: 2024-01-01
logsource:
    product: windows
    category: process_creation
detection:
    selection_img:
        - Image|endswith: '\\cmd.exe'
        # between
        - OriginalFileName: "Cmd.Exe"
        - '|all':
            - '\u{1f600} *'
            - x
    selection:
      EventID:
      - 4688
      - 0010
      - 0x10
      - -1.5e3
      CommandLine|contains|all:
          - ' /c '
          - "\\"x\\" \\\\ y"
          - ~
          -
      Empty:
      Bool: true
    filter:
        - |-
          literal in a list
        - a: 1
          b:
            - c
    condition: all of selection* and not filter
level: high
`;

describe('YAML in the spelling of rules', () => {
  it('is read without the full parser', () => {
    const text = RULE.replace('tags: []\n', '');
    expect([readPlainYaml(text)?.value]).toEqual(full(text));
    expect(readPlainYaml(text)).toBeDefined();
  });

  it.each([
    ['flow collections', 'a: [b]\n'],
    ['anchors', 'a: &x b\nc: *x\n'],
    ['folded blocks', 'a: >\n  b\n  c\n'],
    ['scalars of several lines', 'a: b\n  c\n'],
    ['several documents', 'a: b\n---\nc: d\n'],
    ['a key twice', 'a: b\na: c\n'],
    ['escapes of characters', 'a: "\\u0041"\n'],
    ['prototype keys', '__proto__: b\n'],
    ['tabs', 'a:\tb\n'],
    ['carriage returns', 'a: b\r\n'],
    ['no line end', 'a: b'],
    ['a map in a line', 'a: b: c\n'],
  ])('leaves %s to it', (_what, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it(`is what the full parser reads, whatever is changed in it (seed ${SEED})`, { timeout: 600_000 }, () => {
    const random = new Random(SEED);
    const pieces = [
      ...' \n:-#\'"|>[]{}&*!%@`,?~\\0a',
      '\n\n',
      '\n  ',
      '\n    ',
      ': ',
      '- ',
      ' #',
      '---',
      '""',
      "''",
      '|-\n',
      '\n#',
    ];
    let read = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const lines = RULE.split('\n');
      const from = random.int(lines.length - 1);
      let text = `${lines.slice(from, from + 1 + random.int(12)).join('\n')}\n`;
      if (random.chance(0.5)) text = text.replaceAll(new RegExp(`^ {1,${1 + random.int(8)}}`, 'gm'), '');
      for (let edits = random.int(4); edits > 0; edits--) {
        const at = random.int(text.length);
        const gone = random.int(3);
        text = text.slice(0, at) + (random.chance(0.7) ? random.pick(pieces) : '') + text.slice(at + gone);
      }
      const plain = readPlainYaml(text);
      if (plain === undefined) continue;
      read++;
      expect([plain.value], JSON.stringify(text)).toEqual(full(text));
    }
    expect(read).toBeGreaterThan(ROUNDS / 20);
  });

  const isMissing = !hasSharedData('sigma');
  it.skipIf(isMissing)(`is that of nearly all SigmaHQ rules ${sharedDataMissing('sigma')}`, () => {
    const files = activeRuleFiles();
    let read = 0;
    for (const { path, text } of files) {
      const plain = readPlainYaml(text);
      if (plain === undefined) continue;
      read++;
      // Each tenth: the full parser is slow.
      if (read % 10 === 0) expect([plain.value], path).toEqual(full(text));
    }
    expect(read / files.length).toBeGreaterThan(0.95);
  });
});
