/** Files that did not change are not read again, over loads and starts; whatever tells of a change makes them read. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { atOnce } from '../in-pieces.ts';
import { UnreadText } from './file-notes.ts';
import { LEAST_FILES, RuleCache } from './rule-cache.ts';
import { type ReadTexts, readRuleFiles, ruleFilesIn } from './rule-files.ts';
import { loadSigmaTexts } from './sigma-texts.ts';

const rule = (i: number, image = `\\a${i}.exe`): string =>
  `title: Rule ${i}\nid: id-${i}\nlogsource:\n  product: windows\ndetection:\n  s:\n    Image|endswith: '${image}'\n  condition: s\nlevel: high\n`;
/** Cannot be kept. */
const ODD = 'title: P\nid: place\nlogsource: {product: a}\ndetection:\n  s:\n    a|expand: "%who%"\n  condition: s\n';

let folder: string;
let rules: string;
let kept: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-notes-'));
  rules = join(folder, 'rules');
  kept = join(folder, 'own', 'sigma.rules');
  mkdirSync(rules);
  for (let i = 0; i < LEAST_FILES; i++) writeFileSync(nameOf(i), rule(i));
  writeFileSync(join(rules, 'odd.yml'), ODD);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (i: number): string => join(rules, `${String(i).padStart(4, '0')}.yml`);
/** A while after the files were written. */
const later = (): number => Date.now() + 60_000;

function load(cache: RuleCache): { readonly unread: readonly boolean[]; readonly images: string } {
  const read = atOnce(ruleFilesIn([rules], cache.knownTexts()));
  expect(cache.beginLoad(read.files.length)).toEqual([]);
  return { unread: read.files.map((file) => file instanceof UnreadText), images: predicates(read, cache) };
}

function predicates({ files }: ReadTexts, cache?: RuleCache): string {
  const selection = { include: [], exclude: [], levels: [] };
  const texts = { sigma: files, pipelines: [], pipelineData: [], selection, placeholders: [] };
  const { detections, diagnostics } = loadSigmaTexts(texts, cache === undefined ? {} : { known: cache.rules });
  return JSON.stringify([detections.map(({ predicate, details }) => [details, predicate]), diagnostics]);
}

/** As they are when all files are read. */
const whole = (): string => predicates(readRuleFiles([rules]));

async function keep(now = later): Promise<void> {
  const cache = new RuleCache(kept, now);
  expect(load(cache)).toEqual({ unread: new Array(LEAST_FILES + 1).fill(false), images: whole() });
  expect(await cache.save()).toBeUndefined();
}

const readAgain = (unread: readonly boolean[]): number[] => unread.flatMap((one, i) => (one ? [] : [i]));

it('files that did not change are not read, but for those whose rules cannot be kept', async () => {
  await keep();
  const cache = new RuleCache(kept, later);
  for (let i = 0; i < 2; i++) {
    const { unread, images } = load(cache);
    // At the second load all rules are at hand.
    expect(readAgain(unread)).toEqual(i === 0 ? [LEAST_FILES] : []);
    expect(images).toBe(whole());
  }
  const before = statSync(kept).ino;
  await cache.save();
  expect(statSync(kept).ino).toBe(before);
});

it('a file is read when its content, its times, its inode or its place has changed', async () => {
  await keep();
  const times = statSync(nameOf(1));
  // Of the same length, with the time it had.
  writeFileSync(nameOf(1), rule(1, '\\b1.exe'));
  utimesSync(nameOf(1), times.atime, times.mtime);
  writeFileSync(join(folder, 'other.yml'), rule(2, '\\b2.exe'));
  utimesSync(join(folder, 'other.yml'), statSync(nameOf(2)).atime, statSync(nameOf(2)).mtime);
  renameSync(join(folder, 'other.yml'), nameOf(2));
  utimesSync(nameOf(3), 1, 1);
  renameSync(nameOf(4), join(rules, '0004b.yml'));
  rmSync(nameOf(5));
  const { unread, images } = load(new RuleCache(kept, later));
  expect(readAgain(unread)).toEqual([1, 2, 3, 4, LEAST_FILES - 1]);
  expect(images).toBe(whole());
});

it('a file that had changed shortly before it was read is read again, until it has not', async () => {
  await keep(Date.now);
  const cache = new RuleCache(kept, later);
  expect(readAgain(load(cache).unread)).toHaveLength(LEAST_FILES + 1);
  await cache.save();
  expect(readAgain(load(new RuleCache(kept, later)).unread)).toEqual([LEAST_FILES]);
});

it('a file that was not read is read to show a line of it, and shows nothing when it is gone', () => {
  const file = new UnreadText(nameOf(0));
  expect(file.text).toBe(rule(0));
  rmSync(nameOf(0));
  expect(file.text).toBe('');
});
