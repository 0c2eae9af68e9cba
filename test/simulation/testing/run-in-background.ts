import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '../kernel/kernel.ts';

/** Virtual time that passes while a test waits for something real. */
const idleMs = 10;

/**
 * Runs the kernel beside a test of ordinary promises: events as fast as they come, and a little
 * virtual time whenever there are none, so that what a test polls for happens.
 * @returns a function that ends it.
 */
export function runInBackground(kernel: Kernel): () => Promise<void> {
  let isDone = false;
  const drive = async () => {
    while (!isDone) {
      kernel.schedule(idleMs, kernel.world, 'idle', () => {});
      await kernel.run(Number.POSITIVE_INFINITY);
      await sleep(1);
    }
  };
  const driving = drive();
  return async () => {
    isDone = true;
    kernel.stop();
    await driving;
  };
}
