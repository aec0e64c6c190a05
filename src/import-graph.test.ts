/** The layers of the style guide, read from the imports: an edge that points up, or sideways in layer 2, fails with its name. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SOURCE = dirname(fileURLToPath(import.meta.url));

const LAYERS: Readonly<Record<string, number>> = {
  core: 0,
  errors: 0,
  ir: 1,
  config: 1,
  telemetry: 1,
  inputs: 2,
  frame: 2,
  decode: 2,
  fields: 2,
  'rules/sigma': 2,
  'rules/pattern': 2,
  'rules/stix': 2,
  'rules/flux': 2,
  'rules/lists': 2,
  match: 2,
  scan: 2,
  state: 2,
  score: 2,
  store: 2,
  sinks: 2,
  encode: 2,
  alerts: 2,
  intel: 2,
  engine: 3,
  server: 4,
  cli: 4,
  ui: 5,
  testing: 6,
};

/** Sideways edges inside layer 2 that are allowed, each with its reason. */
const SIDEWAYS: Readonly<Record<string, string>> = {
  'rules/stix -> rules/pattern': 'a bundle is loaded by parsing its patterns',
  'inputs -> frame': 'an input is a transport plus a framing',
  'sinks -> intel': 'the TAXII output speaks through the client that feeds are fetched with',
  'intel -> rules/stix': 'a feed is fetched and then read as a bundle',
  'intel -> rules/lists': 'a feed is fetched and then read as a list',
  'intel -> frame': 'bundles and lists are streamed through the same framers as logs',
};

/** Packages each folder may import; what is missing here may be imported nowhere. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  typebox: ['config', 'inputs', 'sinks', 'engine', 'intel', 'server', 'cli'],
  fastify: ['server'],
  commander: ['cli'],
  pino: ['telemetry'],
  re2js: ['match'],
  'js-yaml': ['config', 'rules/sigma', 'rules/flux'],
  yaml: ['config', 'rules/sigma', 'rules/flux'],
  tldts: ['rules/lists', 'intel'],
  fzstd: ['frame'],
};

const PURE = ['decode', 'fields', 'rules/sigma', 'rules/pattern', 'rules/flux', 'match', 'state', 'score'];
const IMPURE_MODULES = ['fs', 'net', 'dgram', 'http', 'https', 'tls', 'child_process', 'fs/promises', 'worker_threads'];

interface Edge {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

describe('import graph', () => {
  const edges = sourceFiles(SOURCE).flatMap(importsOf);

  it('has edges', () => {
    expect(edges.length).toBeGreaterThan(20);
  });

  it('points to lower layers', () => {
    const wrong = edges.filter(({ from, to }) => {
      if (isPackage(to) || from === '' || from === to) return false;
      const [upper, lower] = [LAYERS[from], LAYERS[to]];
      if (upper === undefined || lower === undefined) return true;
      return lower > upper || (lower === upper && upper === 2 && SIDEWAYS[`${from} -> ${to}`] === undefined);
    });
    expect(wrong.map(({ file, from, to }) => `${file}: ${from} -> ${to}`)).toEqual([]);
  });

  it('uses packages only where they are allowed', () => {
    const wrong = edges.filter(
      ({ from, to }) => isThirdParty(to) && from !== '' && !(PACKAGES[packageName(to)] ?? []).includes(from),
    );
    expect(wrong.map(({ file, to }) => `${file}: ${to}`)).toEqual([]);
  });

  it('keeps pure folders free of I/O', () => {
    const wrong = edges.filter(
      ({ from, to }) => PURE.includes(from) && IMPURE_MODULES.includes(to.replace('package:node:', '')),
    );
    expect(wrong.map(({ file, to }) => `${file}: ${to}`)).toEqual([]);
  });
});

function importsOf(path: string): Edge[] {
  const file = relative(SOURCE, path);
  const from = folderOf(dirname(path));
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/gm)].map((match) => {
    const specifier = (match[1] ?? match[2]) as string;
    const to = specifier.startsWith('.')
      ? folderOf(dirname(resolve(dirname(path), specifier)))
      : `package:${specifier}`;
    return { file, from, to };
  });
}

/** `rules/sigma/modifiers` belongs to `rules/sigma`; other folders count by their first segment. */
function folderOf(directory: string): string {
  const [first = '', second = ''] = relative(SOURCE, directory).split('/');
  return first === 'rules' ? `${first}/${second}` : first;
}

function isPackage(to: string): boolean {
  return to.startsWith('package:');
}

function isThirdParty(to: string): boolean {
  return isPackage(to) && !to.startsWith('package:node:');
}

function packageName(to: string): string {
  const [scope = '', name = ''] = to.slice('package:'.length).split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return name === 'kernel' ? [] : sourceFiles(path);
    return name.endsWith('.ts') && !name.endsWith('.test.ts') ? [path] : [];
  });
}
