/**
 * DuckDB and Spark for the tests of the SQL backend, installed from PyPI into virtual environments under `build/`. Where Python, the
 * package or (for Spark) Java cannot be had, the reason says so and the tests skip.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../build', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./run-sql.py', import.meta.url));

export interface SqlAnswer {
  /** Positions of the records selected, ascending. */
  readonly rows?: readonly number[];
  readonly error?: string;
}

/** Why the engine cannot be had; empty when it can. */
export function installSqlEngine(engine: 'duckdb' | 'spark', release: string): string {
  try {
    if (engine === 'spark') execFileSync('java', ['-version'], { timeout: 20_000, stdio: 'pipe' });
    if (existsSync(join(folder(engine), 'installed'))) return '';
    mkdirSync(BUILD, { recursive: true });
    execFileSync('python3', ['-m', 'venv', folder(engine)], { timeout: 120_000, stdio: 'pipe' });
    const package_ = engine === 'spark' ? 'pyspark' : engine;
    const pip = join(folder(engine), 'bin/pip');
    execFileSync(pip, ['install', '-q', `${package_}==${release}`], { timeout: 280_000, stdio: 'pipe' });
    mkdirSync(join(folder(engine), 'installed'));
    return '';
  } catch (error) {
    // No Python, no venv module, no package index, no Java: each a reason to skip.
    return `${engine} cannot be had: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** One answer per query, after the statements of `setup`, over a table `events` with the columns n and event. */
export function runSql(
  engine: 'duckdb' | 'spark',
  events: readonly string[],
  queries: readonly string[],
  setup: readonly string[],
): readonly SqlAnswer[] {
  const out = execFileSync(join(folder(engine), 'bin/python'), [SCRIPT], {
    input: JSON.stringify({ engine, events, setup, queries }),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as SqlAnswer);
}

function folder(engine: string): string {
  return join(BUILD, `sql-${engine}`);
}
