import { expect, it } from 'vitest';
import { withTimeout } from './with-timeout.ts';

const never = new AbortController().signal;
const untilAborted = (limit: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const refuse = () => reject(limit.reason);
    if (limit.aborted) refuse();
    limit.addEventListener('abort', refuse, { once: true });
  });

it('gives what is done in time', async () => {
  expect(await withTimeout(never, 60_000, async () => 42)).toBe(42);
});

it('aborts what takes longer', async () => {
  await expect(withTimeout(never, 1, untilAborted)).rejects.toThrow('not done within 1 ms');
});

it('aborts with the reason of the signal, also of one that was aborted before', async () => {
  const abort = new AbortController();
  const acting = withTimeout(abort.signal, 60_000, untilAborted);
  abort.abort(new Error('left'));
  await expect(acting).rejects.toThrow('left');
  await expect(withTimeout(abort.signal, 60_000, untilAborted)).rejects.toThrow('left');
});
