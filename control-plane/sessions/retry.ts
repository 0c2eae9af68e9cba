import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does it again after each delay until it succeeds, and tells it how often it has failed; the last
 * failure is thrown. An aborted signal ends the trying, not a try.
 */
export async function retry<T>(
  operation: (failures: number) => Promise<T>,
  delaysMs: readonly number[],
  signal?: AbortSignal,
): Promise<T> {
  for (const [failures, delayMs] of delaysMs.entries()) {
    try {
      return await operation(failures);
    } catch (error) {
      if (signal?.aborted) throw error;
      await delay(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
  return operation(delaysMs.length);
}
