/**
 * The container files, as far as they can be checked without a container engine: what they name exists, they run as an ordinary user,
 * carry no secret, and keep the variables of the container they take the place of. Whether they build is not tested here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string) => readFileSync(`${ROOT}/${name}`, 'utf8');
const manifest = JSON.parse(read('package.json')) as { version: string; bin: { flint: string } };

/** Instructions with their continuation lines joined, comments dropped. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
const last = (name: string) => instructions.filter((one) => one.name === name).at(-1)?.rest ?? '';

describe('Dockerfile', () => {
  it('has known instructions only, in two stages', () => {
    const known = [
      'FROM',
      'WORKDIR',
      'COPY',
      'RUN',
      'ENV',
      'USER',
      'VOLUME',
      'EXPOSE',
      'HEALTHCHECK',
      'ENTRYPOINT',
      'CMD',
    ];
    expect(instructions.filter((one) => !known.includes(one.name))).toEqual([]);
    expect(instructions.filter((one) => one.name === 'FROM')).toHaveLength(2);
  });

  it('copies what exists and is not ignored', () => {
    const allowed = read('.dockerignore').split('\n');
    for (const { name, rest } of instructions) {
      if (name !== 'COPY' || rest.startsWith('--from')) continue;
      for (const source of rest.split(' ').slice(0, -1)) {
        expect(existsSync(`${ROOT}/${source}`), source).toBe(true);
        const isAllowed =
          allowed.includes(`!${source}`) || (source.startsWith('tsconfig') && allowed.includes('!tsconfig*.json'));
        expect(isAllowed, source).toBe(true);
      }
    }
  });

  it('starts the command of the package as an ordinary user', () => {
    expect(JSON.parse(last('ENTRYPOINT'))).toEqual(['node', `/app/${manifest.bin.flint}`]);
    expect(JSON.parse(last('CMD'))).toEqual(['run']);
    expect(last('USER')).toBe('node');
    expect(instructions.findIndex((one) => one.name === 'USER')).toBeGreaterThan(
      instructions.findLastIndex((one) => one.name === 'RUN'),
    );
  });

  it('asks the health probe, where the server really listens', () => {
    const address = /FLINT_HTTP__LISTEN=(\S+)/.exec(last('ENV'))?.[1] ?? '';
    expect(last('HEALTHCHECK')).toContain(`http://${address}/healthz`);
  });

  it('carries no secret', () => {
    for (const { name, rest } of instructions)
      if (name === 'ENV') expect(rest).not.toMatch(/token|secret|password|key/i);
  });
});

describe('package-lock.json', () => {
  it('has an entry for every optional dependency, else npm ci refuses a fresh clone', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml')) as {
    services: {
      flint: { image: string; environment: Record<string, string>; volumes: string[]; network_mode: string };
    };
    volumes: Record<string, unknown>;
  };
  const { flint } = compose.services;

  it('has the two variables of the original with its defaults', () => {
    expect(flint.environment['LISTEN_PORT']).toMatch(/^\$\{LISTEN_PORT:-15155\}$/);
    expect(flint.environment['OUTPUT']).toMatch(/^\$\{OUTPUT:-127\.0\.0\.1:12201\}$/);
  });

  it('names the version of the package and its own volume', () => {
    expect(flint.image).toBe(`flint:${manifest.version}`);
    expect(Object.keys(compose.volumes)).toEqual(['flint-data']);
    expect(flint.volumes[0]).toBe('flint-data:/var/lib/flint');
    expect(last('VOLUME')).toBe('/var/lib/flint');
  });
});
