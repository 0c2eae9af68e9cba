import { systemClock } from '@steppe/service-kit/process/clock';
import type { Kernel } from '../kernel/kernel.ts';

const speed = 20;

/**
 * Runs the kernel beside a test of ordinary promises, faster than the machine's time by a constant
 * factor: models have timers that never end, and what a test polls for must not be past already.
 * @returns a function that ends it.
 */
export function runInBackground(kernel: Kernel): () => Promise<void> {
  const startedMs = systemClock.monotonicMs();
  let isDone = false;
  const drive = async () => {
    while (!isDone) {
      await kernel.run((systemClock.monotonicMs() - startedMs) * speed);
      await systemClock.sleep(1);
    }
  };
  const driving = drive();
  return async () => {
    isDone = true;
    kernel.stop();
    await driving;
  };
}
