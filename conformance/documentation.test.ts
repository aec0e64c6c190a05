/** The pages themselves: links lead somewhere, nothing is orphaned, each right-doing of the comparison table is there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'samples/README.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].sort();

function linksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((link) => !/^https?:/.test(link));
}

function anchorsOf(page: string): string[] {
  const headings = readFileSync(join(ROOT, page), 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('%s', (page) => {
  it('links to what exists', () => {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      expect(existsSync(join(ROOT, target)), link).toBe(true);
      if (anchor !== undefined && target.endsWith('.md')) expect(anchorsOf(target), link).toContain(anchor);
    }
  });
});

it('the comparison with STIX Spark has its 35 rows in order', () => {
  const rows = [
    ...readFileSync(join(ROOT, 'docs/drop-in.md'), 'utf8').matchAll(/^\| (\d+) \| .+ \| .+ \| .*\[.+\]\(.+\).* \|$/gm),
  ];
  expect(rows.map((row) => Number(row[1]))).toEqual(Array.from({ length: 35 }, (_, i) => i + 1));
});

it('pictures are small', () => {
  for (const name of readdirSync(join(ROOT, 'docs/images'))) {
    expect(statSync(join(ROOT, 'docs/images', name)).size, name).toBeLessThan(200_000);
  }
});
