/** The files and folders behind a configuration: what a running service looks at for changes. */
import { join } from 'node:path';
import type { Config } from './config-schema.ts';

/** Sources of intelligence on disk. */
export function intelPaths({ intel }: Config): readonly string[] {
  return intel
    .flatMap((entry) => (typeof entry === 'string' ? [entry] : typeof entry.source === 'string' ? [entry.source] : []))
    .filter(isPath);
}

/** Everything; `dropInFolder`: the data directory in the drop-in mode, whose intelligence lies there. */
export function watchedPaths(config: Config, dropInFolder: string | undefined): readonly string[] {
  const { rules, pipelines, flux, key_map } = config;
  const specs = flux.map((entry) => (typeof entry === 'string' ? entry : entry.spec));
  return [
    ...intelPaths(config),
    ...[...rules, ...pipelines, ...specs, ...(key_map === undefined ? [] : [key_map])].filter(isPath),
    ...(dropInFolder === undefined ? [] : [join(dropInFolder, 'intel')]),
  ];
}

function isPath(text: string): boolean {
  return !/^(?:[a-z]+\+)?https?:/i.test(text);
}
