/** Rules that were kept are those that are parsed, findings included; what does not fit, byte for byte, is parsed. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSectionFile, writeSectionFile } from '../../intel/section-file.ts';
import type { SigmaRules } from '../../rules/sigma/load.ts';
import { hasSharedData } from '../../testing/shared-data.ts';
import { activeRuleFiles } from '../../testing/sigma-corpus.ts';
import { LEAST_FILES, openRuleCache, RuleCache } from './rule-cache.ts';
import type { RuleText } from './rule-files.ts';
import { loadSigmaTexts, type SigmaTexts } from './sigma-texts.ts';

const ODD = [
  [
    'two documents',
    'title: A\nid: two-a\nlogsource: {product: a}\ndetection:\n  s: {a: 1}\n  condition: s\n---\ntitle: B\nid: two-b\nlogsource: {product: a}\ndetection:\n  s: {a: 2}\n  condition: s\n',
  ],
  [
    'a correlation',
    'title: C\nid: corr\ncorrelation:\n  type: event_count\n  rules: [id-7]\n  group-by: [a]\n  timespan: 1m\n  condition: {gte: 3}\n',
  ],
  [
    'a filter',
    'title: F\nid: filt\nlogsource: {product: windows}\nfilter:\n  rules: [id-9]\n  f: {User: admin}\n  condition: not f\n',
  ],
  [
    'an aggregation',
    'title: G\nid: agg\nlogsource: {product: a}\ndetection:\n  s: {a: 1}\n  timeframe: 1m\n  condition: s | count() by a > 3\n',
  ],
  [
    'a placeholder',
    'title: P\nid: place\nlogsource: {product: a}\ndetection:\n  s:\n    a|expand: "%who%"\n  condition: s\n',
  ],
  [
    'an unknown placeholder',
    'title: P\nid: place2\nlogsource: {product: a}\ndetection:\n  s:\n    a|expand: "%nobody%"\n  condition: s\n',
  ],
  [
    'numbers that JSON cannot write',
    'title: N\nid: nan\nx: .nan\nlogsource: {product: a}\ndetection:\n  s: {a: -0.0, b: 1e300}\n  condition: s\n',
  ],
  [
    'a key of prototypes',
    'title: K\nid: proto\n"__proto__": {a: 1}\nlogsource: {product: a, odd: text}\ndetection:\n  s: {"__proto__": 1}\n  condition: s\n',
  ],
  [
    'a warning',
    'title: W\nid: warn\ntags: [nospace]\nlogsource: {product: a}\ndetection:\n  s: {a|all: 1}\n  unused: {b: 2}\n  condition: s\n',
  ],
  ['an error', 'title: E\nid: err\nlogsource: {product: a}\ndetection:\n  s: {a|nosuch: 1}\n  condition: s\n'],
  ['no YAML', 'title: "x\n'],
  [
    'no id',
    'title: I\nlogsource: {category: process_creation}\ndetection:\n  s:\n    ParentImage|re: "a+\\\\.exe"\n    b|cidr: 10.0.0.0/8\n    c|contains|all: ["x\\u0000", "é😀"]\n    d|base64offset|contains: foo\n    e: null\n    f|exists: false\n    g|fieldref: h\n    i|gte: 5\n  k: [one, two]\n  condition: s or not k\n',
  ],
] as const;

function plain(i: number): string {
  return `title: Rule ${i}\nid: id-${i}\nlogsource:\n  product: windows\ndetection:\n  s:\n    Image|endswith: '\\a${i}.exe'\n  condition: s\nlevel: high\n`;
}

const FILES: readonly RuleText[] = [
  ...Array.from({ length: LEAST_FILES }, (_, i) => ({ path: `rules/${i}.yml`, text: plain(i) })),
  ...ODD.map(([, text], i) => ({ path: `rules/odd-${i}.yml`, text })),
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-rule-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function textsOf(sigma: readonly RuleText[], more: Partial<SigmaTexts> = {}): SigmaTexts {
  const selection = { include: [], exclude: [], levels: [] };
  return { sigma, pipelines: [], pipelineData: [], selection, placeholders: [['who', ['x', 'y*']]], ...more };
}

const ALL = new Set(Array.from({ length: 12 }, (_, i) => `id-${i}`));

/** Everything that comes of the rules, as text: what is compiled later is compiled for it. What is there to spare work is left out. */
function shown({ detections, correlations, filters, identifiers, diagnostics }: SigmaRules): string {
  const rules = detections.map(({ asked: _asked, packed: _packed, ...rule }) => rule);
  return JSON.stringify({ rules, correlations, filters, identifiers, diagnostics }, null, 1);
}

/** The first lines that differ; of texts so long a whole comparison would take minutes to print. */
function differenceOf(actual: string, expected: string): string {
  if (actual === expected) return '';
  const [found, wanted] = [actual.split('\n'), expected.split('\n')];
  const at = found.findIndex((line, i) => line !== wanted[i]);
  return `line ${at + 1}: ${found[at]?.slice(0, 500)} and not ${wanted[at]?.slice(0, 500)}`;
}

function load(cache: RuleCache, texts: SigmaTexts): { readonly rules: string; readonly said: readonly string[] } {
  const said = cache.beginLoad(texts.sigma.length).map(({ code, message }) => `${code} ${message}`);
  return { rules: shown(loadSigmaTexts(texts, { known: cache.rules, identifiersOf: ALL })), said };
}

const parsed = (texts: SigmaTexts): string => shown(loadSigmaTexts(texts, { identifiersOf: ALL }));

async function keep(sigma: readonly RuleText[] = FILES): Promise<string> {
  const file = join(folder, 'own', 'sigma.rules');
  const cache = new RuleCache(file);
  load(cache, textsOf(sigma));
  expect(await cache.save()).toBeUndefined();
  return file;
}

describe('kept rules', () => {
  it('are those that are parsed, with what was found in them, under pipelines too', async () => {
    const file = await keep();
    const pipeline = {
      path: 'p.yml',
      text: 'name: p\npriority: 1\ntransformations:\n  - id: r\n    type: field_name_prefix\n    prefix: win.\n    rule_conditions:\n      - {type: logsource, product: windows}\n',
    };
    for (const texts of [textsOf(FILES), textsOf(FILES, { pipelines: [pipeline] })]) {
      const cache = new RuleCache(file);
      const { rules, said } = load(cache, texts);
      expect(said).toEqual([]);
      // The odd ones, but for the one with warnings and the one without id, are parsed each time.
      expect(cache.rules.parsed).toBe(ODD.length - 2);
      expect(differenceOf(rules, parsed(texts))).toBe('');
    }
  });

  it.skipIf(!hasSharedData('sigma'))(
    'of SigmaHQ are those that are parsed (skipped without FLINT_SHARED_DATA)',
    async () => {
      const files = activeRuleFiles().filter((_, i) => i % 12 === 0);
      const cache = new RuleCache(await keep(files));
      expect(differenceOf(load(cache, textsOf(files)).rules, parsed(textsOf(files)))).toBe('');
      expect(cache.rules.parsed).toBeLessThan(files.length / 50);
    },
  );

  it('are not those of another path, nor of a text that differs in one byte', async () => {
    const file = await keep();
    const cache = new RuleCache(file);
    const changed = FILES.map((one, i) => {
      if (i === 3) return { ...one, path: 'rules/other.yml' };
      return i === 5 ? { ...one, text: one.text.replace('a5.exe', 'b5.exe') } : one;
    });
    expect(differenceOf(load(cache, textsOf(changed)).rules, parsed(textsOf(changed)))).toBe('');
    expect(cache.rules.parsed).toBe(ODD.length - 2 + 2);
    expect(await cache.save()).toBeUndefined();
    const again = new RuleCache(file);
    load(again, textsOf(changed));
    expect(again.rules.parsed).toBe(ODD.length - 2);
  });

  it('are not written again when nothing has changed, though some are parsed each time', async () => {
    const file = await keep();
    const before = statSync(file).ino;
    const cache = new RuleCache(file);
    load(cache, textsOf(FILES));
    expect(cache.rules.parsed).toBeGreaterThan(0);
    expect(await cache.save()).toBeUndefined();
    expect(statSync(file).ino).toBe(before);
  });

  it('in a file that is damaged anywhere are not used, which is said, and it is written anew', async () => {
    const file = await keep();
    const good = readFileSync(file);
    const expected = parsed(textsOf(FILES));
    const places = [0, 9, 70, 130, good.length >> 1, good.length - 70];
    for (const [i, place] of places.entries()) {
      const bad = Buffer.from(good);
      bad[place] = (bad[place] ?? 0) ^ 0x41;
      writeFileSync(file, i % 2 === 0 ? bad : bad.subarray(0, place));
      const cache = new RuleCache(file);
      const { rules, said } = load(cache, textsOf(FILES));
      expect(said).toEqual([`SIGMA_CACHE_IGNORED kept rules in "${file}" are not used: it is damaged`]);
      expect(differenceOf(rules, expected)).toBe('');
      await cache.save();
      expect(readFileSync(file).equals(good)).toBe(true);
    }
  });

  it('of a program that was built otherwise are not used', async () => {
    const file = await keep();
    const read = readSectionFile(file, 'FLINTRUL', 1);
    if (!read.ok) throw new Error(read.diagnostic.message);
    writeSectionFile(file, 'FLINTRUL', 1, new Map([...read.sections, ['program', Buffer.from('another')]]), {
      mode: 0o600,
    });
    const cache = new RuleCache(file);
    expect(load(cache, textsOf(FILES)).said).toEqual([]);
    expect(cache.rules.parsed).toBe(FILES.length);
  });

  it.skipIf(process.getuid === undefined)('where others may write are neither used nor written', async () => {
    const file = await keep();
    chmodSync(join(folder, 'own'), 0o777);
    const cache = new RuleCache(file);
    expect(load(cache, textsOf(FILES)).said[0]).toContain('others may write it');
    expect(cache.rules.parsed).toBe(FILES.length);
    expect((await cache.save())?.code).toBe('SIGMA_CACHE_IGNORED');
  });

  it('are for their owner only, and few files of them stay', async () => {
    for (let i = 0; i < 12; i++) {
      const cache = openRuleCache({ rule_cache: join(folder, 'kept'), rules: [`rules-${i}`] });
      load(cache, textsOf(FILES));
      await cache.save();
    }
    const kept = readdirSync(join(folder, 'kept'));
    expect(kept).toHaveLength(8);
    expect(statSync(join(folder, 'kept')).mode & 0o777).toBe(0o700);
    for (const name of kept) expect(statSync(join(folder, 'kept', name)).mode & 0o777).toBe(0o600);
  });

  it('make room beside others who do', async () => {
    const file = join(folder, 'own', 'sigma.rules');
    mkdirSync(join(folder, 'own'), { mode: 0o700 });
    // Listed, and not there any more when it is looked at.
    symlinkSync(join(folder, 'gone'), join(folder, 'own', 'other.rules'));
    await keep();
    expect(load(new RuleCache(file), textsOf(FILES)).said).toEqual([]);
  });

  it('are not kept where few rules are loaded, or where that is not wanted', async () => {
    const few = new RuleCache(join(folder, 'few', 'sigma.rules'));
    load(few, textsOf(FILES.slice(0, 10)));
    await few.save();
    const off = openRuleCache({ rule_cache: 'off', rules: ['rules'] }, () => join(folder, 'off'));
    load(off, textsOf(FILES));
    await off.save();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that cannot be written are said to be so', async () => {
    writeFileSync(join(folder, 'own'), 'a file');
    mkdirSync(join(folder, 'fine'));
    const cache = new RuleCache(join(folder, 'own', 'sigma.rules'));
    load(cache, textsOf(FILES));
    expect((await cache.save())?.message).toMatch(/ are not used: E[A-Z]+$/);
  });
});

describe('over loads in one process', () => {
  it('what changed is parsed ahead in pieces, and rules that did not change are the same objects', async () => {
    const cache = new RuleCache(await keep());
    const rulesOf = (files: readonly RuleText[]): SigmaRules => {
      cache.beginLoad(files.length);
      return loadSigmaTexts(textsOf(files), { known: cache.rules, identifiersOf: ALL });
    };
    const before = rulesOf(FILES);
    const changed = FILES.map((one, i) => (i === 3 ? { ...one, text: one.text.replace('high', 'low') } : one));
    await cache.prepare(changed);
    const after = rulesOf(changed);
    expect(cache.rules.parsed).toBe(1);
    expect(differenceOf(shown(after), parsed(textsOf(changed)))).toBe('');
    const same = (i: number): boolean => before.detections[i] === after.detections[i];
    // Of those before the odd ones all but the changed one, and the one that a filter changes each time.
    const others = Array.from({ length: LEAST_FILES }, (_, i) => i).filter((i) => !same(i));
    expect(others.map((i) => after.detections[i]?.details.id)).toEqual(['id-3', 'id-7', 'id-9']);
  });

  it('a file that did not change is parsed once, and forgotten when it is gone', () => {
    const cache = new RuleCache();
    load(cache, textsOf(FILES));
    expect(cache.rules.parsed).toBe(FILES.length);
    const changed = FILES.map((one, i) => (i === 0 ? { ...one, text: one.text.replace('high', 'low') } : one));
    expect(differenceOf(load(cache, textsOf(changed)).rules, parsed(textsOf(changed)))).toBe('');
    expect(cache.rules.parsed).toBe(1);
    load(cache, textsOf(FILES.slice(0, 4)));
    load(cache, textsOf(FILES.slice(0, 4)));
    expect(cache.rules.size).toBe(4);
  });
});
