/** The program starts with the code that the build kept, and without it when it is none of this runtime. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLINT_MAIN } from '../../testing/flint-process.ts';

const PROGRAM = dirname(FLINT_MAIN);

/** Names of the chunks that `flint scan` loads, and whether their code was refused. */
const CHUNKS = `
const [loader, ...args] = process.argv.slice(1);
const { load, loadedChunks } = await import(loader);
process.argv = [process.argv[0], 'flint', ...args];
process.on('exit', () => {
  for (const [file, { cachedDataRejected }] of loadedChunks()) console.error(file.split(/[\\\\/]/).pop(), cachedDataRejected);
});
load('main.cjs');
`;

describe('kept code', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flint-code-'));
    writeFileSync(join(folder, 'list.txt'), 'evil.example\n');
    writeFileSync(join(folder, 'log.ndjson'), '{"host":"evil.example"}\n{"host":"good.example"}\n');
    cpSync(join(PROGRAM, '..', '..', 'package.json'), join(folder, 'package.json'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const scan = (): string[] => [
    'scan',
    '--intel',
    join(folder, 'list.txt'),
    '--json',
    '-q',
    join(folder, 'log.ndjson'),
  ];

  it('is taken for every chunk of a scan', () => {
    const loader = pathToFileURL(join(PROGRAM, 'bundled-program.js')).href;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', CHUNKS, loader, ...scan(), '--workers', '1'],
      { encoding: 'utf8' },
    );
    expect(stdout).toContain('evil.example');
    const chunks = stderr.trimEnd().split('\n');
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.filter((line) => !line.endsWith(' false'))).toEqual([]);
  });

  it('is done without where it is none', () => {
    const copy = join(folder, 'dist', 'cli');
    cpSync(PROGRAM, copy, { recursive: true });
    const kept = readdirSync(copy).filter((name) => name.endsWith('.code'));
    expect(kept).not.toEqual([]);
    for (const name of kept) writeFileSync(join(copy, name), 'code of another version');
    const alerts = [join(copy, 'main.js'), FLINT_MAIN].map((program) => {
      const { stdout, status } = spawnSync(process.execPath, [program, ...scan(), '--workers', '2'], {
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      return (JSON.parse(stdout) as { event: { id: string } }).event.id;
    });
    expect(alerts[0]).toBe(alerts[1]);
  });
});
