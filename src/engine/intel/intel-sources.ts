/** The sources of intelligence that a configuration names; in the drop-in mode the files of a folder, or the bundled samples. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { type IntelSource, readIntelSource } from '../../intel/intel-source.ts';
import { listFiles } from '../../intel/list-files.ts';
import { type LoadedConfig, located } from '../config/load-config.ts';
import { SAMPLE_INTEL } from '../package-folders.ts';

/** The configured sources that can be read, and what is wrong with the others. */
export function intelSources(
  loaded: LoadedConfig,
  { intelFolder }: { readonly intelFolder?: string },
): {
  readonly sources: readonly IntelSource[];
  readonly usesSamples: boolean;
  readonly diagnostics: readonly Diagnostic[];
} {
  let entries = loaded.config.intel;
  let usesSamples = false;
  if (entries.length === 0 && loaded.dropIn) {
    const own = intelFolder === undefined ? [] : intelFiles(intelFolder);
    usesSamples = own.length === 0;
    entries = (usesSamples ? intelFiles(SAMPLE_INTEL) : own).map((source) => ({ source, library: libraryOf(source) }));
  }
  const diagnostics: Diagnostic[] = [];
  const sources = entries.flatMap((entry, i): IntelSource[] => {
    const own = typeof entry === 'string' ? { source: entry } : entry;
    const keys = { allow_private_addresses: loaded.config.allow_private_addresses, ...own };
    const read = readIntelSource(keys, `intel[${i}]`);
    if (read.ok) return [read.source];
    diagnostics.push(...located(read.diagnostics, loaded.locate?.(`intel.${i}`)));
    return [];
  });
  return { sources, usesSamples, diagnostics };
}

/** Files of the drop-in mode's folder, recursively and in path order; none when it does not exist. */
function intelFiles(folder: string): string[] {
  return existsSync(folder) ? listFiles(folder).files.map(({ path }) => path) : [];
}

/** STIX Spark has a threat and a mining library; here the name of the file tells. */
function libraryOf(path: string): 'threat' | 'mine' {
  return /(?:^|[._-])(?:mine|mining)(?:[._-]|$)/i.test(basename(path)) ? 'mine' : 'threat';
}

export function samplesWarning(): Diagnostic {
  return diagnostic(
    'INTEL_SAMPLES_IN_USE',
    'warning',
    'no intelligence is configured: the bundled samples are loaded, which protect nobody',
    {
      hint: `put bundles and lists into ${join('data_dir', 'intel')}, or give --intel`,
    },
  );
}
