/** Runs scan-vectors.yaml: Sigma rules as texts, events as a file, through the engine as `flint scan` runs it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { listFiles } from '../../src/engine/files/list-files.ts';
import { scanFiles } from '../../src/engine/files/scan-files.ts';
import { buildGeneration } from '../../src/engine/build-generation.ts';
import { SCAN_OPTIONS } from '../../src/testing/scan-options.ts';

interface Vector {
  readonly id: string;
  /** Correlations by title, which is their `name` too. */
  readonly correlations: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Further documents, or parts of documents by title. */
  readonly more?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** One file; or several by name. `t`: seconds. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly files?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** "TITLE@SECONDS" of every alert, or the same with what it shows; with the group where two have one title and time. */
  readonly fires: readonly (string | Readonly<Record<string, Shown>>)[];
  /** Codes of warnings and errors while rules are loaded. */
  readonly problems?: readonly string[];
  /** In the configuration. */
  readonly state?: Readonly<Record<string, unknown>>;
}

interface Shown {
  readonly group?: Readonly<Record<string, string>>;
  readonly count?: number;
  /** As text. */
  readonly value?: string;
  /** Lines of the listed events. */
  readonly lines?: readonly number[];
}

const START_MS = Date.UTC(2026, 2, 1, 10);
const { vectors } = parse(readFileSync(new URL('scan-vectors.yaml', import.meta.url), 'utf8'), { merge: true }) as {
  vectors: Vector[];
};
const folder = mkdtempSync(join(tmpdir(), 'flint-vectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rules A to D hold for an event whose `r` is, or has, their letter. */
const DETECTIONS = Object.fromEntries(
  ['A', 'B', 'C', 'D'].map((letter) => [
    letter,
    { name: letter, logsource: { category: 'test' }, detection: { s: { r: letter }, condition: 's' } },
  ]),
);

describe('correlation vectors through the engine', () => {
  it('have different names', () => expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length));

  it.each(vectors)('$id', async (vector) => {
    const { alerts, problems } = await scan(vector);
    const expected = vector.fires.map((one) => {
      const [name = '', shown = {}] = Object.entries(typeof one === 'string' ? { [one]: {} } : one)[0] ?? [];
      return { name, ...shown };
    });
    // Which of several groups and rules comes first is not decided.
    alerts.sort(byName);
    expected.sort(byName);
    expect(alerts.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
    for (const [index, shown] of expected.entries()) expect(alerts[index]).toMatchObject(shown);
    expect(problems).toEqual(vector.problems ?? []);
  });
});

type Named = Shown & { readonly name: string };

function byName(a: Named, b: Named): number {
  const [keyA, keyB] = [a, b].map(({ name, group }) => `${name} ${JSON.stringify(group ?? {})}`) as [string, string];
  return keyA < keyB ? -1 : Number(keyA > keyB);
}

async function scan(vector: Vector): Promise<{ alerts: Named[]; problems: string[] }> {
  const at = mkdtempSync(join(folder, 'v-'));
  const rules = join(at, 'rules');
  const logs = join(at, 'logs');
  mkdirSync(rules);
  mkdirSync(logs);
  const documents: Record<string, Record<string, unknown>> = { ...DETECTIONS };
  for (const [title, correlation] of Object.entries(vector.correlations))
    documents[title] = { name: title, correlation };
  for (const [title, more] of Object.entries(vector.more ?? {})) documents[title] = { ...documents[title], ...more };
  // One file each: all are loaded before names are looked up.
  Object.entries(documents).forEach(([title, document], i) => {
    writeFileSync(join(rules, `${i}.yml`), JSON.stringify({ title, ...document }));
  });
  const lineOf = new Map<string, number>();
  for (const [name, events] of Object.entries(vector.files ?? { 'events.ndjson': vector.events })) {
    const lines = events.map(({ t, ...fields }) => {
      const time = new Date(START_MS + Math.round(Number(t) * 1000)).toISOString();
      return JSON.stringify({ '@timestamp': time, ...fields });
    });
    for (const [index, line] of lines.entries()) lineOf.set(line, index + 1);
    writeFileSync(join(logs, name), `${lines.join('\n')}\n`);
  }
  const config = join(at, 'flint.yaml');
  writeFileSync(config, JSON.stringify({ state: vector.state ?? {} }));
  const loaded = loadConfig({ file: config, rules: [rules] }, {});
  const generation = await buildGeneration(loaded, { mode: 'scan', report: () => {} });
  const alerts: Named[] = [];
  await scanFiles(listFiles([logs]), generation, {
    ...SCAN_OPTIONS,
    logsource: 'any/test',
    now: () => START_MS,
    onFound: async (found) => {
      for (const { alert } of found) {
        const seconds = (Date.parse(alert['@timestamp']) - START_MS) / 1000;
        const { group, count, matched, events } = alert.flint;
        alerts.push({
          name: `${alert.rule?.name}@${seconds}`,
          ...(group !== undefined && { group }),
          ...(count !== undefined && { count }),
          ...(matched?.[0]?.value !== undefined && { value: matched[0].value }),
          ...(events !== undefined && { lines: events.map(({ original }) => lineOf.get(original ?? '') ?? 0) }),
        });
      }
    },
  });
  const problems = generation.diagnostics.filter(({ severity }) => severity !== 'note').map(({ code }) => code);
  return { alerts, problems };
}
