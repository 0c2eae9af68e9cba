import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Subscribers } from './subscribers.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

let abandoned = 0;
let subscribers: Subscribers;
beforeEach(() => {
  abandoned = 0;
  subscribers = new Subscribers(systemClock);
});

/** A response that finishes, or ends because its reader disconnects. */
function join(wish?: 'continue' | 'cancel') {
  const leave = subscribers.join(wish, () => {
    abandoned += 1;
  });
  return { leave: () => leave('disconnected'), finish: () => leave('finished') };
}
const graceOver = () => vi.advanceTimersByTime(60_000);

test.each([
  { wish: 'cancel', times: 1 },
  { wish: 'continue', times: 0 },
] as const)('a lone sender that disconnects with $wish cancels $times times', ({ wish, times }) => {
  join(wish).leave();
  graceOver();
  expect(abandoned).toBe(times);
});

test('a finished response does not count as a disconnect', () => {
  join('cancel').finish();
  graceOver();
  expect(abandoned).toBe(0);
});

test('other readers keep the step running until the last of them disconnects', () => {
  const [sender, joined, follower] = [join('cancel'), join('cancel'), join()];
  sender.leave();
  joined.leave();
  graceOver();
  expect(abandoned).toBe(0);
  follower.leave();
  graceOver();
  expect(abandoned).toBe(1);
});

test('a sender that reconnects in time finds its step running; its new choice counts', async () => {
  join('cancel').leave();
  const { absence } = subscribers;
  expect(absence).toBeDefined();
  const again = join('continue');
  await absence;
  expect(subscribers.absence).toBeUndefined();
  graceOver();
  again.leave();
  graceOver();
  expect(abandoned).toBe(0);
});

test('a reader is in time even if its data-plane needs all its attempts to resume', () => {
  join('cancel').leave();
  vi.advanceTimersByTime(5_500);
  const resumed = join();
  graceOver();
  expect(abandoned).toBe(0);
  resumed.leave();
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toBe(1);
});

test('a reader that resumes for the sender keeps the sender’s choice', () => {
  join('cancel').leave();
  const resumed = join();
  graceOver();
  expect(abandoned).toBe(0);
  resumed.leave();
  graceOver();
  expect(abandoned).toBe(1);
});
