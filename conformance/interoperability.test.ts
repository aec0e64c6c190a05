/** The checklist of docs/interoperability.md: all mandatory client rows, each with a test that exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/interoperability.md'), 'utf8');
const rows = [...page.matchAll(/^\| ([^|]+) \| (.+) \| `([^`]+)`: (.+) \|$/gm)].map(
  ([, asked = '', , file = '', title = '']) => ({ asked, file, title }),
);

describe('the interoperability checklist', () => {
  it('has the 39 mandatory client rows, each once', () => {
    expect(new Set(rows.map(({ asked }) => asked)).size).toBe(39);
    expect(rows).toHaveLength(39);
  });

  it.each(rows)('$asked: $file has the test it names', ({ file, title }) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(title);
  });

  it('names the tests of what is shared as STIX 2.1', () => {
    const tests = readFileSync(join(ROOT, 'conformance/stix-interop.test.ts'), 'utf8');
    const titles = [...page.matchAll(/^\| [^|]+ \| [^|`]+ \| ([^|`]+) \|$/gm)].flatMap(([, title]) => title ?? []);
    const shared = titles.filter((title) => title !== 'Test' && title !== '---');
    expect(shared).toHaveLength(13);
    for (const title of shared) expect(tests).toContain(`'${title}'`);
  });
});
