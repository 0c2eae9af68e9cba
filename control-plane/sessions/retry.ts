import { setTimeout as delay } from 'node:timers/promises';

/** Does it again after each delay until it succeeds; the last failure is thrown. An aborted signal ends the trying, not a try. */
export async function retry<T>(act: () => Promise<T>, delaysMs: readonly number[], signal?: AbortSignal): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await act();
    } catch (error) {
      if (signal?.aborted) throw error;
      await delay(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
  return act();
}
