import { setTimeout as delay } from 'node:timers/promises';

const intervalMs = 10;

/** Repeats a call until it succeeds. @throws its last error after the time limit */
export async function until<T>(call: () => T | Promise<T>, limitMs = 30_000): Promise<T> {
  const givenUpAt = performance.now() + limitMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > givenUpAt) throw error;
      await delay(intervalMs);
    }
  }
}
