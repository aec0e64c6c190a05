import { describe, expect, it } from 'vitest';
import { fakeAlert, shown } from '../../testdata/server/fake-service-view.ts';
import { AlertFeed } from './alert-feed.ts';
import { AlertStreams, type StreamLimits } from './alert-streams.ts';

const LIMITS: StreamLimits = { clients: 2, queue: 5, perFlush: 3, flushMs: 3_600_000, heartbeatMs: 3_600_000 };

function target() {
  return {
    text: '',
    writableNeedDrain: false,
    write(text: string) {
      this.text += text;
    },
    ids() {
      return [...this.text.matchAll(/^id: [0-9a-f]{8}-(\d+)$/gm)].map((match) => Number(match[1]));
    },
    missed() {
      return [...this.text.matchAll(/^data: \{"missed":(\d+)\}$/gm)].map((match) => Number(match[1]));
    },
  };
}

function pushed(feed: AlertFeed, count: number): void {
  for (let i = 0; i < count; i++) feed.push(shown(fakeAlert()));
}

describe('alert streams', () => {
  it('deliver alerts in order, a limited number per flush', () => {
    const feed = new AlertFeed();
    const streams = new AlertStreams(feed, LIMITS);
    const client = target();
    streams.open(client, undefined);
    pushed(feed, 5);
    streams.flush();
    expect(client.ids()).toEqual([1, 2, 3]);
    streams.flush();
    expect(client.ids()).toEqual([1, 2, 3, 4, 5]);
    expect(streams.snapshot().counts).toEqual({ delivered: 5 });
    streams.close();
  });

  it('keep a bounded queue for a client that does not read, drop the oldest, count and announce it', () => {
    const feed = new AlertFeed();
    const streams = new AlertStreams(feed, LIMITS);
    const stalled = target();
    const reader = target();
    streams.open(stalled, undefined);
    streams.open(reader, undefined);
    stalled.writableNeedDrain = true;
    for (let round = 0; round < 4; round++) {
      pushed(feed, 3);
      streams.flush();
    }
    expect(reader.ids()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(stalled.ids()).toEqual([]);
    expect(streams.snapshot().dropped).toEqual({ queue_full: 7 });
    stalled.writableNeedDrain = false;
    streams.flush();
    expect(stalled.missed()).toEqual([7]);
    expect(stalled.ids()).toEqual([8, 9, 10]);
    streams.close();
  });

  it('resume after the last id, from the start after a restart, and say what is no longer kept', () => {
    const feed = new AlertFeed({ limit: 4 });
    const streams = new AlertStreams(feed, { ...LIMITS, perFlush: 100 });
    pushed(feed, 6);
    const late = target();
    streams.open(late, `${feed.instance}-4`);
    const early = target();
    streams.open(early, `${feed.instance}-1`);
    streams.flush();
    expect([late.ids(), late.missed()]).toEqual([[5, 6], []]);
    expect([early.ids(), early.missed()]).toEqual([[3, 4, 5, 6], [1]]);
    streams.close();
    const stranger = target();
    streams.open(stranger, 'ffffffff-99');
    streams.flush();
    expect([stranger.ids(), stranger.missed()]).toEqual([[3, 4, 5, 6], [2]]);
    streams.close();
  });

  it('refuse more clients than the limit and count it', () => {
    const streams = new AlertStreams(new AlertFeed(), LIMITS);
    const close = streams.open(target(), undefined);
    streams.open(target(), undefined);
    expect(streams.open(target(), undefined)).toBeUndefined();
    expect(streams.snapshot().dropped).toEqual({ too_many_clients: 1 });
    close?.();
    expect(streams.open(target(), undefined)).toBeDefined();
    streams.close();
    expect(streams.clientCount).toBe(0);
  });

  it('put each alert on one line, whatever it contains', () => {
    const feed = new AlertFeed();
    const streams = new AlertStreams(feed, LIMITS);
    const client = target();
    streams.open(client, undefined);
    feed.push(shown(fakeAlert({ name: 'a\n\nevent: gap\ndata: x\r\u2028y' })));
    streams.flush();
    const data = client.text.split('\n').find((line) => line.startsWith('data: {"sequence"')) ?? '';
    expect(JSON.parse(data.slice('data: '.length)).alert.rule.name).toBe('a\n\nevent: gap\ndata: x\r\u2028y');
    expect(client.text.match(/^event: /gm)).toHaveLength(2);
    streams.close();
  });
});

describe('alert feed', () => {
  it('keeps as many alerts as its limits allow, by count and by text', () => {
    const feed = new AlertFeed({ limit: 3, textLimit: 10_000 });
    pushed(feed, 5);
    expect(feed.recent().map((item) => item.sequence)).toEqual([3, 4, 5]);
    feed.push(shown(fakeAlert({ original: 'x'.repeat(8000) })));
    expect(feed.recent().map((item) => item.sequence)).toEqual([6]);
    expect(feed.total).toBe(6);
  });

  it('derives the level from the severity when the rule has none', () => {
    const feed = new AlertFeed();
    feed.push(shown(fakeAlert()));
    feed.push(shown(fakeAlert({ level: 'low' })));
    expect(feed.recent().map((item) => item.level)).toEqual(['high', 'low']);
  });
});
