import { expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import { at, manualClock } from '../testing/manual-clock.ts';
import { SessionLifetime } from './session-lifetime.ts';

function start({ expires, idle }: { expires: number; idle: number }) {
  const ends: string[] = [];
  const { clock, passTo, stepWallClock } = manualClock();
  const lifetime = new SessionLifetime((reason) => ends.push(reason), clock);
  lifetime.start({ expires_at: at(expires), idle_timeout_seconds: idle });
  return { lifetime, ends, passTo, stepWallClock };
}

test('ends a session that was unused for its idle time, counted from the last use', () => {
  const { lifetime, ends, passTo } = start({ expires: 1_000, idle: 60 });
  passTo(59);
  lifetime.touch();
  passTo(118);
  expect(ends).toEqual([]);
  passTo(119);
  expect(ends).toEqual(['idle']);
});

test('does not count the time before the bind', () => {
  const ends: string[] = [];
  const { clock, passTo } = manualClock();
  const lifetime = new SessionLifetime((reason) => ends.push(reason), clock);
  passTo(100);
  lifetime.start({ expires_at: at(1_000), idle_timeout_seconds: 60 });
  passTo(159);
  expect(ends).toEqual([]);
  passTo(160);
  expect(ends).toEqual(['idle']);
});

test('sets no timer for a use that only moves the end', () => {
  const { clock, passTo } = manualClock();
  let timers = 0;
  const after: typeof clock.after = (ms, callback) => {
    timers += 1;
    return clock.after(ms, callback);
  };
  const ends: string[] = [];
  const lifetime = new SessionLifetime((reason) => ends.push(reason), { ...clock, after });
  lifetime.start({ expires_at: at(1_000), idle_timeout_seconds: 60 });
  for (let second = 1; second <= 50; second += 1) {
    passTo(second);
    lifetime.stepBegan();
    lifetime.stepEnded();
  }
  expect(timers).toBe(1);
  passTo(109);
  expect(ends).toEqual([]);
  passTo(110);
  expect(ends).toEqual(['idle']);
});

test('ends a session at its expiry, even if it is in use', () => {
  const { lifetime, ends, passTo } = start({ expires: 100, idle: 60 });
  passTo(50);
  lifetime.stepBegan();
  lifetime.stepEnded();
  passTo(99);
  expect(ends).toEqual([]);
  expect(lifetime.refusal()).toBeUndefined();
  passTo(100);
  expect(ends).toEqual(['expired']);
  expect(lifetime.refusal()).toMatchObject({
    code: 'session_ended',
    details: { end_reason: 'expired' },
  });
});

test('sets no timer longer than the maximum, because it would fire immediately', () => {
  const { clock } = manualClock();
  const waits: number[] = [];
  const after: typeof clock.after = (ms, callback) => {
    waits.push(ms);
    return clock.after(ms, callback);
  };
  const year = 365 * 86_400;
  new SessionLifetime(() => {}, { ...clock, after }).start({
    expires_at: at(year),
    idle_timeout_seconds: year,
  });
  expect(waits).toEqual([2 ** 31 - 1]);
});

test('waits for a running step, even past the expiry', () => {
  const { lifetime, ends, passTo } = start({ expires: 100, idle: 10 });
  lifetime.stepBegan();
  passTo(3_000);
  lifetime.touch();
  lifetime.change({ expires_at: at(50), idle_timeout_seconds: 1 });
  expect(ends).toEqual([]);
});

test('is not idle while a client waits for work, whether it succeeds or fails', async () => {
  const { lifetime, ends, passTo } = start({ expires: 1_000, idle: 10 });
  const [first, second] = [deferred(), deferred()];
  const fails = second.promise.then(() => Promise.reject(new Error('it failed')));
  for (const promise of [first.promise, fails]) lifetime.inUseUntil(promise);
  passTo(300);
  first.resolve();
  await first.promise;
  passTo(600);
  expect(ends).toEqual([]);
  second.resolve();
  await expect(fails).rejects.toThrow('it failed');
  passTo(609);
  expect(ends).toEqual([]);
  passTo(610);
  expect(ends).toEqual(['idle']);
});

test('ends at its expiry even while a client waits', () => {
  const { lifetime, ends, passTo } = start({ expires: 100, idle: 10 });
  lifetime.inUseUntil(deferred().promise);
  passTo(99);
  expect(ends).toEqual([]);
  passTo(100);
  expect(ends).toEqual(['expired']);
});

test('leaves 30 seconds to fetch a late result; requests do not extend them', () => {
  const { lifetime, ends, passTo } = start({ expires: 100, idle: 60 });
  lifetime.stepBegan();
  passTo(200);
  lifetime.stepEnded();
  passTo(215);
  lifetime.touch();
  passTo(229);
  lifetime.touch();
  expect(ends).toEqual([]);
  passTo(230);
  expect(ends).toEqual(['expired']);
});

test('counts the idle time from the end of a step', () => {
  const { lifetime, ends, passTo } = start({ expires: 1_000, idle: 10 });
  lifetime.stepBegan();
  passTo(50);
  lifetime.stepEnded();
  passTo(59);
  expect(ends).toEqual([]);
  passTo(60);
  expect(ends).toEqual(['idle']);
});

test('applies a change of its limits immediately', () => {
  const { lifetime, ends, passTo } = start({ expires: 100, idle: 60 });
  lifetime.change({ expires_at: at(10_000), idle_timeout_seconds: 500 });
  passTo(499);
  expect(ends).toEqual([]);
  lifetime.change({ expires_at: at(10_000), idle_timeout_seconds: 1 });
  expect(ends).toEqual(['idle']);
});

test('ends nothing before its start or after its stop', () => {
  const { clock, passTo } = manualClock();
  const ends: string[] = [];
  const lifetime = new SessionLifetime((reason) => ends.push(reason), clock);
  lifetime.touch();
  passTo(1_000);
  lifetime.start({ expires_at: at(2_000), idle_timeout_seconds: 10_000 });
  lifetime.stop();
  passTo(3_000);
  expect(ends).toEqual([]);
});

test('a wall clock that is set forward ends no session as idle', () => {
  const { lifetime, ends, passTo, stepWallClock } = start({ expires: 100_000, idle: 60 });
  passTo(10);
  stepWallClock(3_600);
  lifetime.change({ expires_at: at(100_000), idle_timeout_seconds: 60 });
  passTo(59);
  expect(ends).toEqual([]);
  passTo(60);
  expect(ends).toEqual(['idle']);
});

test('a wall clock that is set back does not keep an idle session alive', () => {
  const { ends, passTo, stepWallClock } = start({ expires: 100_000, idle: 60 });
  passTo(10);
  stepWallClock(-3_600);
  passTo(60);
  expect(ends).toEqual(['idle']);
});

test('the expiry is a time of the wall clock', () => {
  const { lifetime, ends, stepWallClock } = start({ expires: 1_000, idle: 10_000 });
  stepWallClock(1_000);
  expect(lifetime.refusal()).toMatchObject({ code: 'session_ended' });
  lifetime.touch();
  expect(ends).toEqual(['expired']);
});

test('a wall clock that is set forward still leaves 30 seconds to fetch a result', () => {
  const { lifetime, ends, passTo, stepWallClock } = start({ expires: 100, idle: 600 });
  lifetime.stepBegan();
  passTo(200);
  lifetime.stepEnded();
  stepWallClock(3_600);
  lifetime.touch();
  passTo(229);
  expect(ends).toEqual([]);
  passTo(230);
  expect(ends).toEqual(['expired']);
});
