import type { Kernel } from '../kernel/kernel.ts';

/** Library code may wait this often, one after the other, for `setImmediate` of the machine. */
const idleTurns = 20;

/**
 * Runs a kernel until a promise settles, in a process whose globals are the machine's own.
 * @throws if nothing is left to run that could settle it.
 */
export async function driveKernel<T>(kernel: Kernel, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
    kernel.stop();
  };
  work.then(settle, settle);
  for (let turn = 0; turn < idleTurns && !isSettled; turn += 1) {
    const events = kernel.events;
    await kernel.run(Number.POSITIVE_INFINITY);
    if (kernel.events > events) turn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!isSettled) throw new Error('the simulation is idle before the work is done');
  return work;
}
