/** Kinds of records that were kept are those that are learnt; what does not fit is not used, and learnt. A new sieve is taught the kinds of the one before. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { ruleOf } from '../../core/rule-candidate.ts';
import { ENOUGH_RECORDS } from '../../scan/sieve-groups.ts';
import { KindsFile, kindsSettings, sectionsOf } from './kept-kinds.ts';
import { LEAST_FILES, openRuleCache } from './rule-cache.ts';
import { rulesOf } from './rule-filter.ts';
import type { RuleTexts } from './rule-texts.ts';
import { SigmaSieve } from './sigma-sieve.ts';

const OPTIONS = { inputBytes: 1 << 20, maxDepth: 8, keeps: true };
const KINDS = 5;

const ends = (index: number, text: string): DetectionRule => ({
  kind: 'detection',
  details: { id: String(index), name: 'r' },
  origin: { file: 'r', line: 1 },
  logsource: { product: 'windows' },
  predicate: {
    kind: 'compare',
    path: { kind: 'field', name: 'Image' },
    test: {
      kind: 'glob',
      parts: [{ wildcard: 'any' }, { text }],
      ...{ typing: 'bridged', collation: 'folded', normalize: 'none' },
    },
    negate: false,
    absent: false,
  },
  fields: [],
  alerts: true,
});
const RULES = Array.from({ length: 20 }, (_, i) => ends(i, `\\name${i}.exe`));

const record = (kind: number, name: number): string =>
  `${JSON.stringify({ Channel: 'Security', EventID: 4000 + kind, Image: `C:\\name${name}.exe` })}\n`;

/** By the number of the record. */
function held(sieve: SigmaSieve, lines: readonly string[]): unknown {
  const bytes = Buffer.from(lines.join(''));
  sieve.input.set(bytes);
  const result = sieve.scanLines(bytes.length, true);
  return Array.from({ length: result.candidateCount }, (_, i) => [
    result.ordinals[i],
    [...(rulesOf(result, i) ?? [])].map(ruleOf),
  ]);
}

const LINES = Array.from({ length: KINDS * 3 }, (_, i) => record(i % KINDS, i * 2));
const HELD = LINES.flatMap((_, i) => (i * 2 < RULES.length ? [[i, [i * 2]]] : []));

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-kinds-'));
  file = join(folder, 'own', 'sigma.kinds');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function learnt(rules: readonly DetectionRule[] = RULES): SigmaSieve {
  const sieve = new SigmaSieve(rules, OPTIONS);
  expect(held(sieve, LINES)).toEqual(HELD);
  expect(sieve.news).toBe(KINDS);
  return sieve;
}

async function keep(): Promise<void> {
  expect(await new KindsFile(file, 'these rules').save(learnt())).toBeUndefined();
}

function recalled(identity = 'these rules'): { readonly sieve: SigmaSieve; readonly said: string | undefined } {
  const sieve = new SigmaSieve(RULES, OPTIONS);
  const said = new KindsFile(file, identity).recall(sieve)?.message;
  return { sieve, said };
}

describe('kinds of records that were kept', () => {
  it('need not be learnt, and what is new is learnt and kept beside them', async () => {
    await keep();
    const { sieve, said } = recalled();
    expect(said).toBeUndefined();
    expect(held(sieve, LINES)).toEqual(HELD);
    expect(sieve.news).toBe(0);
    expect(sieve.ways).toMatchObject({ sieved: LINES.length, unknown: 0 });
    expect(held(sieve, [record(77, 3), record(1, 4)])).toEqual([
      [0, [3]],
      [1, [4]],
    ]);
    expect(sieve.news).toBe(1);
    await new KindsFile(file, 'these rules').save(sieve);
    const again = recalled().sieve;
    held(again, [...LINES, record(77, 3)]);
    expect(again.news).toBe(0);
    expect(again.counts.kinds).toBe(KINDS + 1);
  });

  it('are written when there is something new alone, also of what a sieve has taken over', async () => {
    const kinds = new KindsFile(file, 'these rules');
    const sieve = learnt();
    expect(kinds.isBehind(sieve)).toBe(true);
    await kinds.save(sieve);
    expect(kinds.isBehind(sieve)).toBe(false);
    const { ino } = statSync(file);
    await kinds.save(sieve);
    expect(statSync(file).ino).toBe(ino);
    held(sieve, [record(77, 3)]);
    expect(kinds.isBehind(sieve)).toBe(true);
    const next = new KindsFile(file, 'these rules');
    const heir = new SigmaSieve(RULES, OPTIONS);
    const kept = sieve.keep();
    expect(kept !== undefined && heir.recall(kept)).toBe(true);
    next.fallBehind();
    await next.save(heir);
    expect(next.isBehind(heir)).toBe(false);
    const again = recalled().sieve;
    held(again, [record(77, 3)]);
    expect(again.news).toBe(0);
  });

  it('are a picture of one moment, though records are counted in them while they are written', () => {
    const sieve = learnt();
    const kept = sieve.keep();
    const tables = kept && sectionsOf(kept).get('tables');
    expect(kept?.sieve.tables).toEqual(tables);
    held(sieve, LINES);
    expect(kept?.sieve.tables).not.toEqual(tables);
  });

  it('are written by one after the other, beside what goes on', async () => {
    const kinds = new KindsFile(file, 'these rules');
    const sieve = learnt();
    const saving = [kinds.save(sieve), kinds.save(sieve)];
    held(sieve, [record(77, 3)]);
    expect(await Promise.all([...saving, kinds.save(sieve)])).toEqual([undefined, undefined, undefined]);
    expect(readdirSync(join(folder, 'own'))).toEqual(['sigma.kinds']);
    const again = recalled().sieve;
    held(again, [...LINES, record(77, 3)]);
    expect(again.news).toBe(0);
  });

  it('go by what is rare in their records once there were enough, though these come after a start', async () => {
    await keep();
    const { sieve } = recalled();
    const many = Array.from({ length: 2 * ENOUGH_RECORDS }, () => record(0, 0));
    held(sieve, many);
    expect(sieve.news).toBe(0);
    // One group is that of all kinds.
    expect([sieve.improve(), sieve.improve()]).toEqual([true, false]);
    expect(sieve.news).toBe(1);
    expect(held(sieve, LINES)).toEqual(HELD);
    await new KindsFile(file, 'these rules').save(sieve);
    const again = recalled().sieve;
    held(again, many);
    expect(again.improve()).toBe(false);
    expect(again.news).toBe(0);
    expect(held(again, LINES)).toEqual(HELD);
  });

  it('are those whose groups stand among the tables: none is written for records that their bytes do not tell', () => {
    const sieve = new SigmaSieve(RULES, OPTIONS);
    // Longer than what tells kinds apart may be.
    expect(held(sieve, [record(1, 2).replace('Security', 'S'.repeat(5000))])).toEqual([[0, []]]);
    const kept = sieve.keep();
    expect(kept?.named.filter(([, kind]) => typeof kind !== 'string')).toEqual([]);
    expect(sieve.keep()?.sieve.tables.length).toBe(kept?.sieve.tables.length);
  });

  it('do not grow with the values that tell them', () => {
    const sieve = new SigmaSieve(RULES, OPTIONS);
    const lines = ['Security', 'S'.repeat(100_000)].map((channel) => record(1, 2).replace('Security', channel));
    expect(held(sieve, lines)).toEqual([
      [0, [2]],
      [1, []],
    ]);
    expect(sieve.keep()?.named.length).toBe(1);
  });

  it('with other rules, or by a program that was built otherwise, are not used', async () => {
    await keep();
    const { sieve, said } = recalled('other rules');
    expect(said).toBeUndefined();
    expect(held(sieve, LINES)).toEqual(HELD);
    expect(sieve.news).toBe(KINDS);
  });

  it('with other processes than those that are remembered are not used', async () => {
    await keep();
    const sieve = new SigmaSieve(RULES, { ...OPTIONS, derived: new Set(['ParentImage']) });
    expect(new KindsFile(file, 'these rules').recall(sieve)).toBeUndefined();
    expect(sieve.counts.kinds).toBe(0);
  });

  it('in a file that is damaged anywhere are not used, which is said', async () => {
    await keep();
    const good = readFileSync(file);
    for (const [i, place] of [0, 9, 70, 130, good.length >> 1, good.length - 70].entries()) {
      const bad = Buffer.from(good);
      bad[place] = (bad[place] ?? 0) ^ 0x41;
      writeFileSync(file, i % 2 === 0 ? bad : bad.subarray(0, place));
      const { sieve, said } = recalled();
      expect(said).toBe(`kept rules in "${file}" are not used: it is damaged`);
      expect(held(sieve, LINES)).toEqual(HELD);
      expect(sieve.news).toBe(KINDS);
    }
  });

  it.skipIf(process.getuid === undefined)('are for their owner only, and where others may write not used', async () => {
    await keep();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'own')).mode & 0o777).toBe(0o700);
    chmodSync(join(folder, 'own'), 0o777);
    expect(recalled().said).toContain('others may write it');
    expect((await new KindsFile(file, 'these rules').save(learnt()))?.code).toBe('SIGMA_CACHE_IGNORED');
  });

  it('that cannot be written are said to be so', async () => {
    mkdirSync(file, { recursive: true });
    expect((await new KindsFile(file, 'these rules').save(learnt()))?.message).toMatch(/ are not used: E[A-Z]+$/);
  });

  it('are of one program, of all rules in their order, and of what changes them', () => {
    const cache = openRuleCache({ rule_cache: folder, rules: ['rules'] });
    const files = Array.from({ length: LEAST_FILES }, (_, i) => ({ path: `${i}.yml`, text: `title: ${i}\n` }));
    // Nothing else of it is looked at here.
    const texts = { sigma: files, pipelines: [], placeholders: [], patterns: [] } as unknown as RuleTexts;
    const [first = { path: '', text: '' }, ...others] = files;
    const all = [
      texts,
      { ...texts, sigma: [{ ...first, text: 'title: x\n' }, ...others] },
      { ...texts, sigma: [...others, first] },
      { ...texts, pipelines: [first] },
      { ...texts, placeholders: [['who', ['x']]] as const },
    ];
    expect(new Set(all.map((one) => cache.kindsOf(one)?.identity)).size).toBe(all.length);
    // A file for each of the settings, not for each change of a rule.
    expect(new Set(all.map(kindsSettings)).size).toBe(3);
    // Patterns of feeds come and go, and Sigma rules do not mind.
    const other = { ...texts, patterns: [{}] } as unknown as RuleTexts;
    expect(cache.kindsOf(other)?.identity).toBe(cache.kindsOf(texts)?.identity);
    expect(cache.kindsOf({ ...texts, sigma: others })).toBeUndefined();
    expect(openRuleCache({ rule_cache: 'off', rules: ['rules'] }).kindsOf(texts)).toBeUndefined();
  });
});

it('a sieve with other rules is taught the kinds of the one before, and counts none of their records', () => {
  const former = learnt();
  const sieve = new SigmaSieve([ends(0, '\\other.exe'), ...RULES.slice(1)], OPTIONS);
  // In short steps: each rule is one of them.
  expect([...sieve.learnFrom(former)].length).toBeGreaterThan(RULES.length);
  expect(sieve.counts.kinds).toBe(KINDS);
  expect(sieve.ways).toEqual({ sieved: 0, unknown: 0, irregular: 0, left: 0 });
  // The first record is for the rule that changed.
  expect(held(sieve, LINES)).toEqual(HELD.slice(1));
  expect(sieve.news).toBe(KINDS);
});
