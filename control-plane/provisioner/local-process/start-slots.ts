export interface StartSlots {
  /**
   * Waits for a slot, first come first served, and resolves with a function that frees it. Throws
   * the reason of the signal if that aborts first.
   */
  take(signal: AbortSignal): Promise<() => void>;
}

/**
 * Limits concurrent starts. Interpreters that start together slow each other down: with more than
 * one per processor, all of them are ready later.
 */
export function createStartSlots(count: number): StartSlots {
  let free = count;
  const waiting = new Set<() => void>();
  const release = () => {
    const [next] = waiting;
    if (next) next();
    else free += 1;
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return release;
      }
      await new Promise<void>((resolve, reject) => {
        const settle = (end: () => void) => {
          waiting.delete(enter);
          signal.removeEventListener('abort', leave);
          end();
        };
        const enter = () => settle(resolve);
        const leave = () => settle(() => reject(signal.reason));
        waiting.add(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
      return release;
    },
  };
}
