import { expect, it } from 'vitest';
import { regexProblem } from '../../match/regex.ts';
import { loadSigma } from '../../rules/sigma/load.ts';
import type { Scanner } from '../../scan/scanner.ts';
import { RuleFilter } from '../rules/rule-filter.ts';
import { SigmaSieve } from '../rules/sigma-sieve.ts';
import { everyLineOf } from './line-scanner.ts';

const RULES = ['cmd', 'net']
  .map(
    (name) => `title: ${name}
logsource: { category: process_creation, product: windows }
detection: { selection: { Image|endswith: '\\${name}.exe' }, condition: selection }
`,
  )
  .join('---\n');
const { detections } = loadSigma([{ path: 'rules.yml', text: RULES }], { regexProblem });

/** Takes the first line for a candidate of some indicator. */
function scannerOf(input: Uint8Array): Scanner {
  const found = {
    records: input.filter((byte) => byte === 0x0a).length,
    ...{ consumedBytes: input.length, candidateCount: 1, encodingOnly: 0, mayHoldBlankLines: true },
    ranges: Uint32Array.of(0, input.indexOf(0x0a)),
    ordinals: Uint32Array.of(0),
  };
  return { input, scanLines: () => found, scanRecords: () => found };
}

function line(image: string): string {
  return JSON.stringify({ EventID: 1, Channel: 'Microsoft-Windows-Sysmon/Operational', Image: `C:\\${image}` });
}

it('every line is for the rules, and for those alone that its bytes may hold', () => {
  const lines = [line('cmd.exe'), line('notepad.exe'), '', 'no JSON', line('net.exe')];
  const text = Buffer.from(lines.map((one) => `${one}\n`).join(''));
  const every = everyLineOf(
    scannerOf(text),
    {},
    new RuleFilter([], new SigmaSieve(detections, { inputBytes: 1 << 16, maxDepth: 64 }), true),
  );
  const { candidateCount, ordinals } = every.scanLines(text.length, true);
  expect([...ordinals.subarray(0, candidateCount)]).toEqual([0, 1, 3, 4]);
  const rulesOf = (candidate: number): readonly number[] | undefined => {
    const { sigma } = every.wantedOf(candidate);
    return sigma === undefined ? undefined : [...sigma].map((rule) => rule & 0x7fff_ffff);
  };
  expect([0, 1, 2, 3].map(rulesOf)).toEqual([[0], [], undefined, [1]]);
  expect([0, 1, 2, 3].map((candidate) => every.wantedOf(candidate).indicators)).toEqual([true, false, false, false]);
  expect([0, 1, 2, 3].every((candidate) => every.wantedOf(candidate).rules)).toBe(true);
});

it('without a filter every line is for all rules', () => {
  const text = Buffer.from(`${line('cmd.exe')}\n${line('notepad.exe')}\n`);
  const every = everyLineOf(scannerOf(text), {});
  expect(every.scanLines(text.length, true).candidateCount).toBe(2);
  expect([0, 1].map((candidate) => every.wantedOf(candidate).sigma)).toEqual([undefined, undefined]);
});
