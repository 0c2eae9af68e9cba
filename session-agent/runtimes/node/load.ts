const highWaterBytes = 8 * 1024 * 1024;

/**
 * Counts the bytes that the main thread has passed to the control thread and the agent has not
 * received. Above a limit the main thread waits, so that a timer that prints in a loop cannot fill
 * the memory.
 */
export function createLoad(memory = new SharedArrayBuffer(4)): Load {
  const word = new Int32Array(memory);
  return {
    memory,
    add: (bytes) => {
      Atomics.add(word, 0, bytes);
    },
    remove: (bytes) => {
      Atomics.sub(word, 0, bytes);
      Atomics.notify(word, 0);
    },
    waitForRoom: () => waitBelow(word, highWaterBytes, Number.POSITIVE_INFINITY),
    waitUntilEmpty: (timeoutMs) => waitBelow(word, 1, timeoutMs),
  };
}

function waitBelow(word: Int32Array, limit: number, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const load = Atomics.load(word, 0);
    const left = deadline - performance.now();
    if (load < limit || left <= 0) return;
    Atomics.wait(word, 0, load, Math.min(left, 1000));
  }
}

export type Load = {
  memory: SharedArrayBuffer;
  add(bytes: number): void;
  remove(bytes: number): void;
  /** Blocks the calling thread. */
  waitForRoom(): void;
  waitUntilEmpty(timeoutMs: number): void;
};
