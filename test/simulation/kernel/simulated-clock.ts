import type { Clock } from '@steppe/service-kit/process/clock';
import type { Kernel } from './kernel.ts';

/** Virtual time. A timer belongs to the process that starts it. */
export function createSimulatedClock(kernel: Kernel): Clock {
  const after = (ms: number, act: () => void) =>
    kernel.schedule(ms, kernel.current, 'timer', act).cancel;
  return {
    now: () => Math.floor(kernel.nowMs),
    monotonicMs: () => kernel.elapsedMs,
    after,
    every(ms, act) {
      const repeat = () => {
        cancel = after(ms, repeat);
        act();
      };
      let cancel = after(ms, repeat);
      return () => cancel();
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = () => {
          cancel();
          reject(signal?.reason);
        };
        if (signal?.aborted) return reject(signal.reason);
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    limit(ms) {
      const controller = new AbortController();
      after(ms, () => {
        const message = `the time limit of ${ms} ms was reached`;
        controller.abort(new DOMException(message, 'TimeoutError'));
      });
      return controller.signal;
    },
  };
}
