import { systemClock } from '@steppe/service-kit/process/clock';
import { expect, it } from 'vitest';
import { withTimeout } from './with-timeout.ts';

const clock = systemClock;
const never = new AbortController().signal;
const untilAborted = (limit: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const refuse = () => reject(limit.reason);
    if (limit.aborted) refuse();
    limit.addEventListener('abort', refuse, { once: true });
  });

it('returns the result of an action that finishes in time', async () => {
  expect(await withTimeout({ clock, signal: never, limitMs: 60_000 }, async () => 42)).toBe(42);
});

it('aborts an action that takes longer', async () => {
  await expect(withTimeout({ clock, signal: never, limitMs: 1 }, untilAborted)).rejects.toThrow(
    'not done within 1 ms',
  );
});

it('aborts with the reason of the signal, even if it was aborted before', async () => {
  const abort = new AbortController();
  const acting = withTimeout({ clock, signal: abort.signal, limitMs: 60_000 }, untilAborted);
  abort.abort(new Error('left'));
  await expect(acting).rejects.toThrow('left');
  await expect(
    withTimeout({ clock, signal: abort.signal, limitMs: 60_000 }, untilAborted),
  ).rejects.toThrow('left');
});
