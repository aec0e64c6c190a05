import { describe, expect, it } from 'vitest';
import { Access, type Credentials } from './access.ts';
import { FailedAttempts } from './failed-attempts.ts';

const TOKEN = 'correct horse battery'.replaceAll(' ', '-');
const HOUR_MS = 3_600_000;

function clock(startMs: number): { now: () => number; pass: (ms: number) => void } {
  let time = startMs;
  return {
    now: () => time,
    pass: (ms) => {
      time += ms;
    },
  };
}

function from(credentials: Partial<Credentials>): Credentials {
  return { authorization: undefined, cookie: undefined, peer: '192.0.2.1', ...credentials };
}

function setup(token: string | undefined = TOKEN) {
  const { now, pass } = clock(1_000_000);
  const attempts = new FailedAttempts(now, { perWindow: 3, windowMs: 60_000, peerLimit: 2 });
  return { access: new Access(token, attempts, now), attempts, pass };
}

describe('access', () => {
  it('asks for nothing when there is no token', () => {
    const { now } = clock(0);
    expect(new Access(undefined, new FailedAttempts(now), now).decide(from({})).allowed).toBe(true);
  });

  it('takes the bearer token and nothing that merely resembles it', () => {
    const { access } = setup();
    expect(access.decide(from({ authorization: `Bearer ${TOKEN}` })).allowed).toBe(true);
    expect(access.decide(from({ authorization: `Bearer ${TOKEN}x` }))).toMatchObject({ reason: 'bad-token' });
    expect(access.decide(from({ authorization: `Basic ${TOKEN}` }))).toMatchObject({ reason: 'no-token' });
    expect(access.decide(from({}))).toMatchObject({ reason: 'no-token' });
  });

  it('takes its own cookie until it expires, and no other', () => {
    const { access, pass } = setup();
    const cookie = (access.sessionCookie(false).split(';')[0] as string).trim();
    expect(access.decide(from({ cookie: `other=1; ${cookie}` })).allowed).toBe(true);
    const forged = cookie.replace(/=(\d+)\./, (_, expiry: string) => `=${Number(expiry) + HOUR_MS}.`);
    expect(access.decide(from({ cookie: forged })).allowed).toBe(false);
    expect(setup('another-token-entirely').access.decide(from({ cookie })).allowed).toBe(false);
    pass(12 * HOUR_MS);
    expect(access.decide(from({ cookie })).allowed).toBe(false);
  });

  it('marks the cookie for this site and for no script', () => {
    const { access } = setup();
    expect(access.sessionCookie(false)).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(access.sessionCookie(true)).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
  });

  it('refuses even the right token after too many wrong ones, per peer and for the window only', () => {
    const { access, pass } = setup();
    for (let i = 0; i < 3; i++) access.tryToken('wrong', '192.0.2.1');
    expect(access.tryToken(TOKEN, '192.0.2.1')).toEqual({
      allowed: false,
      reason: 'too-many-attempts',
      retryAfterSec: 60,
    });
    expect(access.tryToken(TOKEN, '192.0.2.2').allowed).toBe(true);
    pass(60_000);
    expect(access.tryToken(TOKEN, '192.0.2.1').allowed).toBe(true);
  });

  it('lets a session through while its address is blocked', () => {
    const { access } = setup();
    const cookie = access.sessionCookie(false).split(';')[0];
    for (let i = 0; i < 3; i++) access.tryToken('wrong', '192.0.2.1');
    expect(access.decide(from({ cookie })).allowed).toBe(true);
  });
});

describe('failed attempts', () => {
  it('counts an IPv6 /64 as one peer', () => {
    const { attempts } = setup();
    for (const host of ['1', '2', 'a:b:c:d']) attempts.failed(`2001:db8:1:2::${host}`.replace('::a', ':a'));
    expect(attempts.waitSec('2001:db8:1:2:ffff::9')).toBe(60);
    expect(attempts.waitSec('2001:db8:1:3::1')).toBe(0);
  });

  it('forgets the oldest peer at its limit', () => {
    const { attempts } = setup();
    for (let i = 0; i < 3; i++) attempts.failed('192.0.2.1');
    attempts.failed('192.0.2.2');
    attempts.failed('192.0.2.3');
    expect(attempts.waitSec('192.0.2.1')).toBe(0);
    expect(attempts.total).toBe(5);
  });
});
