import type { Clock } from '@steppe/service-kit/process/clock';

interface RetryOptions {
  clock: Pick<Clock, 'sleep'>;
  /** The delay before each retry. */
  delaysMs: readonly number[];
  /** Stops the retries when it aborts; a call that already runs then continues. */
  signal?: AbortSignal;
}

/**
 * Retries `operation` until it succeeds. `operation` receives the number of failures so far.
 * @throws the last failure.
 */
export async function retry<T>(
  operation: (failures: number) => Promise<T>,
  { clock, delaysMs, signal }: RetryOptions,
): Promise<T> {
  for (const [failures, delayMs] of delaysMs.entries()) {
    try {
      return await operation(failures);
    } catch (error) {
      if (signal?.aborted) throw error;
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }
  return operation(delaysMs.length);
}
