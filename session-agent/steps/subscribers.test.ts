import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Subscribers } from './subscribers.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

let abandoned = 0;
let subscribers: Subscribers;
beforeEach(() => {
  abandoned = 0;
  subscribers = new Subscribers();
});

/** A response, which ends whole or by its reader's leaving. */
function join(wish?: 'continue' | 'cancel') {
  const outgoing = Object.assign(new EventEmitter(), { writableFinished: false });
  // Only this part is used.
  subscribers.join(outgoing as EventEmitter as ServerResponse, wish, () => {
    abandoned += 1;
  });
  return {
    leave: () => outgoing.emit('close'),
    finish: () => {
      outgoing.writableFinished = true;
      outgoing.emit('close');
    },
  };
}
const graceOver = () => vi.advanceTimersByTime(60_000);

test.each([
  { wish: 'cancel', times: 1 },
  { wish: 'continue', times: 0 },
] as const)('a lone sender that leaves with $wish cancels $times times', ({ wish, times }) => {
  join(wish).leave();
  graceOver();
  expect(abandoned).toBe(times);
});

test('a response that was read whole is no leaving', () => {
  join('cancel').finish();
  graceOver();
  expect(abandoned).toBe(0);
});

test('others who read keep the step going, until the last of them leaves', () => {
  const [sender, joined, follower] = [join('cancel'), join('cancel'), join()];
  sender.leave();
  joined.leave();
  graceOver();
  expect(abandoned).toBe(0);
  follower.leave();
  graceOver();
  expect(abandoned).toBe(1);
});

test('a sender who comes back in time finds the step going, and decides anew', async () => {
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

test('a reader whose data-plane needs all its tries to resume is still in time', () => {
  join('cancel').leave();
  vi.advanceTimersByTime(5_500);
  const resumed = join();
  graceOver();
  expect(abandoned).toBe(0);
  resumed.leave();
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toBe(1);
});

test('a reader who resumes in the sender’s place takes over his wish', () => {
  join('cancel').leave();
  const resumed = join();
  graceOver();
  expect(abandoned).toBe(0);
  resumed.leave();
  graceOver();
  expect(abandoned).toBe(1);
});
