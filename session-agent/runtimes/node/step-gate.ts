const closed = 0;
const synchronous = 1;
const open = 2;
const signalled = 3;
const terminating = 4;

// For a signal or termination that never comes: better a late step than a dead worker.
const longestWaitMs = 1000;

// The second word of the memory.
const child = 1;

/**
 * Memory that both threads see. A SIGINT where nobody listens ends the process, and V8's
 * termination hits whatever the main thread does when it comes. So each is sent only while the code
 * is one that it ends, and who leaves such code waits for one that is on its way: the wait itself
 * is what it then unwinds.
 */
export function createStepGate(memory = new SharedArrayBuffer(8)): StepGate {
  const word = new Int32Array(memory);
  const replace = (from: number, to: number): boolean =>
    Atomics.compareExchange(word, 0, from, to) === from;
  const set = (state: number): void => {
    Atomics.store(word, 0, state);
  };
  return {
    memory,
    open: () => set(open),
    callSynchronously(callback) {
      set(synchronous);
      try {
        return callback();
      } finally {
        if (!replace(synchronous, open)) Atomics.wait(word, 0, signalled, longestWaitMs);
      }
    },
    losesSignal: () => void replace(synchronous, open),
    close() {
      if (!replace(open, closed) && Atomics.load(word, 0) === terminating)
        Atomics.wait(word, 0, terminating, longestWaitMs);
      set(closed);
      // Code that was terminated in a child's company could not say that it has ended.
      Atomics.store(word, child, 0);
    },
    awaitChild(callback) {
      Atomics.store(word, child, 1);
      try {
        return callback();
      } finally {
        Atomics.store(word, child, 0);
      }
    },
    awaitsChild: () => Atomics.load(word, child) === 1,
    trySignal: () => replace(synchronous, signalled),
    tryTerminate: () => replace(open, terminating) || replace(signalled, terminating),
    terminated() {
      // The step is still under way, and what it has queued may continue: it may have to be
      // terminated again.
      set(open);
      Atomics.notify(word, 0);
    },
  };
}

export type StepGate = {
  memory: SharedArrayBuffer;
  /** Main thread: from here on user code may run, of a step or between steps. */
  open(): void;
  /** Main thread, under `breakOnSigint`: user code up to its first await. */
  callSynchronously<T>(callback: () => T): T;
  /** Main thread: from here on a SIGINT would not end the code but go to a listener of its own. */
  losesSignal(): void;
  /** Main thread: nothing interrupts what the driver does from here on. */
  close(): void;
  /** Main thread: it can do nothing before a child of it ends. */
  awaitChild<T>(callback: () => T): T;
  /** Control thread */
  awaitsChild(): boolean;
  /** Control thread: returns whether SIGINT may be sent now, and must be. */
  trySignal(): boolean;
  /** Control thread: returns whether a termination may be sent now, and must be. */
  tryTerminate(): boolean;
  /** Control thread: the termination has done its work. */
  terminated(): void;
};
