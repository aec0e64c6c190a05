/** Parameters of a pipeline item or condition, read with their types; problems are reported with their place. */
import type { Reporter } from '../reporter.ts';
import type { YamlMap } from '../rule-meta.ts';
import type { YamlPath } from '../source-locator.ts';
import { fromPython } from './python-regex.ts';

export class Parameters {
  readonly map: YamlMap;
  readonly path: YamlPath;
  readonly reporter: Reporter;
  readonly #used = new Set<string>();

  constructor(map: YamlMap, path: YamlPath, reporter: Reporter) {
    this.map = map;
    this.path = path;
    this.reporter = reporter;
  }

  raw(key: string): unknown {
    this.#used.add(key);
    return this.map[key];
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    this.error(`${key} is no text`, key);
    return undefined;
  }

  required(key: string): string {
    const value = this.text(key);
    if (value === undefined && this.map[key] === undefined) this.error(`${key} is missing`);
    return value ?? '';
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.raw(key);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === 'boolean') return value;
    this.error(`${key} is no boolean`, key);
    return otherwise;
  }

  choice<T extends string>(key: string, known: readonly T[], otherwise: T): T {
    const value = this.text(key);
    if (value === undefined) return otherwise;
    const found = known.find((name) => name === value);
    if (found === undefined) this.error(`${key} "${value}" is none of ${known.join(', ')}`, key);
    return found ?? otherwise;
  }

  list(key: string): readonly string[] {
    const value = this.raw(key);
    if (value === undefined || value === null) return [];
    return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(String);
  }

  /** A map from text to one or several texts. */
  mapping(key: string): ReadonlyMap<string, readonly string[]> {
    const value = this.raw(key);
    const mapping = new Map<string, readonly string[]>();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.error(value === undefined ? `${key} is missing` : `${key} is no map`, value === undefined ? undefined : key);
      return mapping;
    }
    for (const [name, target] of Object.entries(value))
      mapping.set(name, (Array.isArray(target) ? (target as readonly unknown[]) : [target]).map(String));
    return mapping;
  }

  /** A regular expression as Python writes them. */
  pattern(key: string, anchored: boolean): RegExp {
    const { source, flags } = fromPython(this.required(key));
    try {
      return new RegExp(anchored ? `^(?:${source})` : source, `${flags}g`);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.error(`${key} is no regular expression: ${error.message}`, key);
      return /(?!)/g;
    }
  }

  error(message: string, key?: string): void {
    this.reporter.error('SIGMA_BAD_PIPELINE', message, key === undefined ? this.path : [...this.path, key]);
  }

  /** Reports keys that nothing has read. */
  reportUnused(known: readonly string[]): void {
    for (const key of Object.keys(this.map))
      if (!this.#used.has(key) && !known.includes(key))
        this.reporter.error('SIGMA_BAD_PIPELINE', `"${key}" is not known here`, {
          path: [...this.path, key],
          key: true,
        });
  }
}
