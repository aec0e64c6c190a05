/**
 * Loads the bundled program: CommonJS chunks that lie beside this file, compiled with the code that the build kept from running them
 * (`scripts/code-cache.mjs`). Of the quarter of a second that a start took, a third was compiling. V8 refuses what another version or
 * other flags have made, and compiles as if nothing were there. Modules cannot be given such code before Node 22, so chunks are none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

type Chunk = (exports: object, require: unknown, module: { exports: object }, file: string, folder: string) => void;

const folder = dirname(fileURLToPath(import.meta.url));
const requireHere = createRequire(import.meta.url);
const loaded = new Map<string, { exports: object }>();
const compiled = new Map<string, Script>();
const requireChunk = Object.assign(
  (id: string) => (id.startsWith('./') ? load(id.slice(2)) : requireHere(id)),
  requireHere,
);

/** Runs the chunk when it is asked for first; returns what it exports. */
export function load(name: string): object {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const file = join(folder, name);
  const run = compile(file).runInThisContext() as Chunk;
  run.call(module.exports, module.exports, requireChunk, module, file, folder);
  return module.exports;
}

/** Chunks that were asked for, each with its file; a script knows the code of every function that has run so far. */
export function loadedChunks(): Iterable<readonly [file: string, script: Script]> {
  return compiled;
}

/** Where the code of a chunk lies. */
export function codeFileOf(file: string): string {
  return `${file}.code`;
}

function compile(file: string): Script {
  const code = codeFileOf(file);
  // ASCII, see `scripts/bundle.mjs`.
  const text = readFileSync(file, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, {
    filename: file,
    ...(existsSync(code) && { cachedData: readFileSync(code) }),
  });
  compiled.set(file, script);
  return script;
}
