/**
 * The configuration of a start or a reload: file, then environment, then command line (later wins, lists of the command line are
 * appended). With LISTEN_PORT and OUTPUT alone it is that of the STIX Spark container (design section 6.4).
 */
import { applyEnvironment, type Tree } from '../../config/environment.ts';
import { checkOptions } from '../../config/options.ts';
import { readYamlFile } from '../../config/yaml-file.ts';
import { isZone } from '../../core/time.ts';
import type { Diagnostic, Span } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import { type Config, configSchema } from './config-schema.ts';

/** What the command line adds. */
export interface ConfigFlags {
  readonly file?: string;
  readonly listen?: readonly string[];
  readonly intel?: readonly string[];
  readonly rules?: readonly string[];
  readonly pipelines?: readonly string[];
  readonly flux?: readonly string[];
  readonly fluxGroup?: string;
  readonly fluxCapacity?: number;
  readonly output?: readonly string[];
  readonly dataDir?: string;
  readonly workers?: string;
  readonly http?: string;
  readonly keyMap?: string;
  readonly strict?: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly diagnostics: readonly Diagnostic[];
  /** True when LISTEN_PORT started it: the compatibility mode of STIX Spark. */
  readonly dropIn: boolean;
  /** Where the configuration file says what stands at a path such as `inputs.0`; undefined when it came from elsewhere. */
  readonly locate?: (path: string) => Span | undefined;
}

export function loadConfig(
  flags: ConfigFlags,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  const diagnostics: Diagnostic[] = [];
  const file = flags.file === undefined ? undefined : readYamlFile(flags.file);
  diagnostics.push(...(file?.diagnostics ?? []));
  const fromFile = file?.value ?? {};
  if (typeof fromFile !== 'object' || fromFile === null || Array.isArray(fromFile)) {
    diagnostics.push(
      diagnostic('CONFIG_BAD_VALUE', 'error', `configuration file "${flags.file}" must be a map of keys`),
    );
  }
  const dropIn = environment.LISTEN_PORT !== undefined && environment.LISTEN_PORT !== '';
  const base = withFlags(applyEnvironment(fromFile as Tree, environment), flags);
  const tree = dropIn ? withDropIn(base, environment) : base;
  const checked = checkOptions(configSchema, tree, flags.file ?? 'the configuration');
  for (const problem of checked.diagnostics) {
    const key = /"([^"]+)"/.exec(problem.message)?.[1];
    diagnostics.push(key === undefined || file === undefined ? problem : { ...problem, span: file.spanOf(key) });
  }
  const config = checked.values as Config;
  if (checked.diagnostics.length === 0 && !isZone(config.timezone)) {
    diagnostics.push(
      diagnostic('CONFIG_BAD_VALUE', 'error', `"timezone" "${config.timezone}" is no zone`, {
        hint: 'for example Europe/Berlin, Z or +08:00',
      }),
    );
  }
  const locate = (path: string): Span | undefined => (has(fromFile, path.split('.')) ? file?.spanOf(path) : undefined);
  return { config, diagnostics, dropIn, locate };
}

/** Adds the place in the configuration file to what is said about the entry at `path`. */
export function located(diagnostics: readonly Diagnostic[], span: Span | undefined): Diagnostic[] {
  return diagnostics.map((problem) =>
    span === undefined || problem.span !== undefined ? problem : { ...problem, span },
  );
}

function has(tree: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  return typeof tree === 'object' && tree !== null && Object.hasOwn(tree, first)
    ? has((tree as Readonly<Record<string, unknown>>)[first], rest)
    : false;
}

function withFlags(tree: Tree, flags: ConfigFlags): Tree {
  const result: Tree = { ...tree };
  append(result, 'inputs', flags.listen);
  append(result, 'intel', flags.intel);
  append(result, 'rules', flags.rules);
  append(result, 'pipelines', flags.pipelines);
  append(result, 'outputs', flags.output);
  append(
    result,
    'flux',
    flags.flux?.map((spec) => ({
      spec,
      ...(flags.fluxGroup === undefined ? {} : { group: flags.fluxGroup }),
      ...(flags.fluxCapacity === undefined ? {} : { capacity: flags.fluxCapacity }),
    })),
  );
  if (flags.dataDir !== undefined) result.data_dir = flags.dataDir;
  if (flags.workers !== undefined) result.workers = /^\d+$/.test(flags.workers) ? Number(flags.workers) : flags.workers;
  if (flags.keyMap !== undefined) result.key_map = flags.keyMap;
  if (flags.strict === true) result.strict = true;
  if (flags.http !== undefined) result.http = { ...(result.http as Tree | undefined), listen: flags.http };
  return result;
}

function append(tree: Tree, key: string, values: readonly unknown[] | undefined): void {
  if (values === undefined || values.length === 0) return;
  tree[key] = [...(Array.isArray(tree[key]) ? (tree[key] as unknown[]) : []), ...values];
}

/** GELF or plain JSON on the UDP port, on all interfaces; alerts in STIX Spark's shape; no HTTP and no suppression unless asked for. */
function withDropIn(tree: Tree, environment: Readonly<Record<string, string | undefined>>): Tree {
  const result: Tree = { ...tree };
  append(result, 'inputs', [`gelf+udp://0.0.0.0:${environment.LISTEN_PORT}`]);
  if (environment.OUTPUT !== undefined && environment.OUTPUT !== '') append(result, 'outputs', [environment.OUTPUT]);
  const http = (tree.http ?? {}) as Tree;
  const alerts = (tree.alerts ?? {}) as Tree;
  result.http = { ...http, listen: http.listen ?? 'off' };
  result.alerts = { ...alerts, suppress_seconds: alerts.suppress_seconds ?? 0 };
  if (environment.TZ !== undefined && tree.timezone === undefined) result.timezone = environment.TZ;
  return result;
}
