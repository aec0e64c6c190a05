// @ts-check
/**
 * Bundles the program into dist/cli/: the command line and each thread's entry, with what they share in common chunks.
 * Starting loads a handful of files in place of several hundred modules. All of it lies flat in one folder, so that a path
 * relative to a module (`./page/`, `./indicator.wasm`, `./match-worker.js`) is found whichever chunk the module went to.
 * A file named `*-worker.ts` is the entry of a thread. Chunks are CommonJS (`*.cjs`), which `bundled-program.js` loads with code
 * that was compiled before; an entry (`*.js`) says which chunk to begin with.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

/** @param {string} sources the folder src/ @param {string} out */
export async function bundleProgram(sources, out) {
  const workers = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('-worker.ts'),
  );
  const entries = new Map(['cli/main.ts', ...workers].map((file) => [basename(file, '.ts'), join(sources, file)]));
  if (entries.size !== workers.length + 1) throw new Error(`two threads have entries of one name: ${workers}`);
  const names = { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' };
  await write({ input: Object.fromEntries(entries), platform: 'node' }, { dir: out, ...names });
  for (const file of readdirSync(out)) if (file.endsWith('.cjs')) spellInAscii(join(out, file));
  const loader = join(sources, 'cli', 'start', 'bundled-program.ts');
  await write({ input: { 'bundled-program': loader }, platform: 'node' }, { dir: out, format: 'esm' });
  for (const name of entries.keys()) {
    const start = `import { load } from './bundled-program.js';\n\nload('${name}.cjs');\n`;
    writeFileSync(join(out, `${name}.js`), name === 'main' ? `#!/usr/bin/env node\n${start}` : start);
  }
}

/**
 * Spells what is not ASCII as escapes, which mean the same in texts, expressions, names and comments: V8 holds a chunk with one such
 * character in two bytes for each, and takes four times as long to read it. @param {string} file
 */
function spellInAscii(file) {
  const text = readFileSync(file, 'utf8');
  // There an escape would be read as what it is spelled with.
  const raw = /String\.raw`[^`]*[\u0080-\uffff]/.exec(text);
  if (raw !== null) throw new Error(`cannot be spelled in ASCII, write it as an escape: ${raw[0]}`);
  writeFileSync(file, text.replace(/(\\*)([\u0080-\uffff])/g, escaped));
}

/** A backslash before a character that needs none says nothing. @param {string} _all @param {string} slashes @param {string} unit */
function escaped(_all, slashes, unit) {
  return `${slashes.slice(slashes.length % 2)}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** One thread alone, for measuring. @param {string} entry @param {string} out */
export async function bundleThread(entry, out) {
  await write({ input: { [basename(entry, '.ts')]: entry }, platform: 'node' }, { dir: out, format: 'esm' });
}

/** @param {string} page the folder src/server/page @param {string} out */
export async function bundlePage(page, out) {
  await write({ input: { page: join(page, 'page.ts') }, platform: 'browser' }, { dir: out, format: 'esm' });
}

/** @param {import('rolldown').InputOptions} options @param {import('rolldown').OutputOptions & { dir: string }} files */
async function write(options, files) {
  const build = await rolldown({ ...options, tsconfig: false, logLevel: 'warn' });
  const { output } = await build.write(files);
  await build.close();
  const notices = licencesOf(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
  if (notices !== '') writeFileSync(join(files.dir, 'THIRD-PARTY-LICENSES.txt'), notices);
}

/** The licence of every package that went into the bundle: they ask to be handed on with it. @param {string[]} modules */
function licencesOf(modules) {
  const inPackage = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;
  const folders = new Set(modules.flatMap((module) => inPackage.exec(module)?.[1] ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
      return `${name} ${version}: ${license}\n${text}`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
