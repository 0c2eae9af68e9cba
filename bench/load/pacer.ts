import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { monotonicMs } from './monotonic-ms.ts';

// A thread that announces each due time. Timers of an event loop are up to a millisecond late,
// which would hide what is measured, and a loop that spins would take the core of the others.

const { dueTimes, startedAt } = z
  .object({ dueTimes: z.array(z.number()), startedAt: z.number() })
  .parse(workerData);
const never = new Int32Array(new SharedArrayBuffer(4));

let announced = 0;
while (announced < dueTimes.length) {
  const elapsed = monotonicMs() - startedAt;
  let due = announced;
  while (due < dueTimes.length && (dueTimes[due] ?? 0) <= elapsed) due += 1;
  if (due > announced) parentPort?.postMessage(due);
  announced = due;
  const waitMs = (dueTimes[announced] ?? 0) - (monotonicMs() - startedAt);
  if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
}
