import type { Clock } from '@steppe/service-kit/process/clock';

interface TimeoutOptions {
  clock: Pick<Clock, 'after'>;
  /** Also aborts the action. */
  signal: AbortSignal;
  limitMs: number;
}

/**
 * Runs `action` with a signal that aborts with `signal`, or after `limitMs`. The timer and the
 * listener are removed when the action settles, because `signal` may outlive many actions.
 */
export async function withTimeout<T>(
  { clock, signal, limitMs }: TimeoutOptions,
  action: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const onAbort = () => limit.abort(signal.reason);
  const cancelTimer = clock.after(limitMs, () =>
    limit.abort(new Error(`not done within ${limitMs} ms`)),
  );
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await action(limit.signal);
  } finally {
    cancelTimer();
    signal.removeEventListener('abort', onAbort);
  }
}
