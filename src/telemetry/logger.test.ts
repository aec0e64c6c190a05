import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function capture(level: 'error' | 'info' | 'debug') {
  const lines: string[] = [];
  const clock = { ms: Date.UTC(2024, 0, 1) };
  const logger = createLogger({ level, now: () => clock.ms, write: (line) => lines.push(line) });
  return { logger, lines, clock };
}

describe('logger', () => {
  it('writes one JSON line with time, level, message and fields', () => {
    const { logger, lines } = capture('info');
    logger.warn('sink is slow', { sink: 'a\nb', seconds: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: '2024-01-01T00:00:00.000Z',
      sink: 'a\nb',
      seconds: 3,
      message: 'sink is slow',
    });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture('error');
    logger.info('started');
    logger.error('lost');
    expect(lines).toHaveLength(1);
  });

  it('holds repeats back and says how many', () => {
    const { logger, lines, clock } = capture('info');
    for (let i = 0; i < 100; i++) logger.warn('cannot send');
    logger.info('other');
    expect(lines).toHaveLength(6);
    clock.ms += 60_000;
    logger.warn('cannot send');
    expect(JSON.parse(lines[6] ?? '')).toMatchObject({ message: 'cannot send', held_back: 95 });
  });
});
