import type { Kernel, SimulatedProcess } from '../../kernel/kernel.ts';
import type { RandomStream } from '../../kernel/random-stream.ts';

/** Delivers to a process of the same machine: each call after a latency of its own, in order. */
export function inOrder(
  kernel: Kernel,
  random: RandomStream,
  to: SimulatedProcess,
): (what: string, act: () => void) => void {
  let lastMs = 0;
  return (what, act) => {
    lastMs = Math.max(lastMs, kernel.nowMs + random.between(0.01, 0.3));
    kernel.schedule(lastMs - kernel.nowMs, to, what, act);
  };
}

/** The whole, or two parts of it. */
export function split(bytes: Buffer, random: RandomStream, probability: number): Buffer[] {
  if (bytes.length < 2 || !random.chance(probability)) return [bytes];
  const at = 1 + random.int(bytes.length - 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
