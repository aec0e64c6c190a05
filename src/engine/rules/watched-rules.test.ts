/** Which rules nobody but correlations hears of, and when their records must be decoded all the same. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { EventRules } from './event-rules.ts';
import { readSigmaTexts, type RuleTexts } from './rule-texts.ts';

const rule = (name: string, more = ''): string =>
  `title: ${name}\nname: ${name}\n${more}logsource: {product: windows}\ndetection:\n  s: {EventID: 1}\n  condition: s\n`;
const counted = (groupBy: string): string =>
  `title: many\ncorrelation:\n  type: event_count\n  rules: [watched]\n  group-by: [${groupBy}]\n  timespan: 1m\n  condition: {gte: 2}\n`;

const { config } = loadConfig({}, {});

function rulesOf(documents: readonly string[], more: Partial<RuleTexts> = {}): EventRules {
  return new EventRules({
    ...readSigmaTexts(config, [{ path: 'rules.yml', text: documents.join('---\n') }]).texts,
    ...{ patterns: [], stixMappings: [], patternGroupBy: [], flux: [], fluxMemory: config.flux_memory },
    correlationMemory: config.correlation_memory,
    ...{ lateness: { latenessMs: 60_000 }, processMemory: config.process_memory, mode: 'eager' },
    ...more,
  });
}

/** Whether the rules at these positions are for nobody but correlations. */
function areWatched(rules: EventRules, ...positions: number[]): boolean {
  return rules.areWatchedOnly({
    rules: Uint32Array.from([99, ...positions]),
    firstRule: 1,
    ruleCount: positions.length,
  });
}

describe('watched rules', () => {
  it('are those of correlations that do not alert themselves', () => {
    const rules = rulesOf([rule('watched'), rule('alone'), counted('Computer')]);
    expect(rules.matchReader).toBeDefined();
    expect(areWatched(rules, 0)).toBe(true);
    expect(areWatched(rules, 1)).toBe(false);
    expect(areWatched(rules, 0, 1)).toBe(false);
  });

  it('are none where no correlation is loaded', () => {
    const rules = rulesOf([rule('alone')]);
    expect(rules.matchReader).toBeUndefined();
    expect(areWatched(rules, 0)).toBe(false);
  });

  it('are none where remembered processes may answer what correlations ask for', () => {
    const rules = rulesOf([rule('watched'), counted('ParentImage')]);
    expect(rules.processes).toBeDefined();
    expect(rules.matchReader).toBeUndefined();
  });

  it('are none where flux specifications see every event', () => {
    const text = 'rules:\n  - rulename: r\n    action: temporal\n    tags: [{name: a}]\n    timespan: 1h\n';
    const flux = [{ path: 'flux.yml', text, group: 'Computer' }];
    expect(rulesOf([rule('watched'), counted('Computer')], { flux }).matchReader).toBeUndefined();
  });
});
