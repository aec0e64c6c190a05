import { expect, it } from 'vitest';
import type { Event } from '../core/event.ts';
import type { IndicatorDetails } from '../core/indicator.ts';
import type { RuleMatch } from '../core/match.ts';
import { ruleInForce, sourcesInForce } from './in-force.ts';

const DAY = 86_400_000;
const event = (timeMs: number, arrivalMs: number): Event => ({
  fields: {},
  original: '',
  format: 'json',
  timeMs,
  timeOrigin: 'field',
  origin: {
    source: { input: 'test', path: 'test', id: '', replayable: false, timezone: 'Z' },
    ...{ position: 0, line: 0, record: 0, part: 0, arrivalMs },
  },
});
const source = (more: Partial<IndicatorDetails>): IndicatorDetails => ({ id: 'i', name: 'n', provider: 'p', ...more });
const RULE: RuleMatch = { engine: 'pattern', rule: { id: 'r', name: 'r', confidence: 80 }, matched: [] };
const ended = source({ validUntilMs: 10 });
const fading = source({
  confidence: 80,
  modifiedMs: 0,
  decay: { model: 'exponential', halfLifeMs: 10 * DAY, floor: 0, endsBelow: 30 },
});

it('asks the clock of arrival or the time of the event, as told', () => {
  const late = event(5, 20);
  expect(sourcesInForce([ended], late, 'arrival')).toBeUndefined();
  expect(sourcesInForce([ended], late, 'event')?.validity).toBe('within');
  expect(ruleInForce(RULE, ended, late, 'arrival')).toBeUndefined();
  expect(ruleInForce(RULE, ended, late, 'event')?.validity).toBe('within');
});

it('marks what is over where all is to match', () => {
  expect(sourcesInForce([ended], event(20, 20), 'mark')).toEqual({ sources: [ended], validity: 'after' });
  expect(ruleInForce(RULE, ended, event(20, 20), 'mark')?.validity).toBe('after');
});

it('names only the sources that hold, and gives the very list where all do', () => {
  const other = source({ id: 'j' });
  const both = [ended, other];
  expect(sourcesInForce(both, event(5, 5), 'event')?.sources).toBe(both);
  expect(sourcesInForce(both, event(20, 20), 'event')).toEqual({ sources: [other], validity: 'within' });
});

it('lets a rule fade with the indicator it came with, until it counts no more', () => {
  const faded = ruleInForce(RULE, fading, event(10 * DAY, 0), 'event');
  expect([faded?.rule.confidence, faded?.indicator?.confidence, faded?.validity]).toEqual([40, 40, 'within']);
  expect(ruleInForce(RULE, fading, event(20 * DAY, 0), 'event')).toBeUndefined();
  // Faded is over, although no date says so.
  expect(ruleInForce(RULE, fading, event(20 * DAY, 0), 'mark')?.validity).toBe('after');
  expect(sourcesInForce([fading], event(20 * DAY, 0), 'mark')?.validity).toBe('after');
});
