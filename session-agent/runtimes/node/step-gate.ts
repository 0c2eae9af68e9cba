const closed = 0;
const synchronous = 1;
const open = 2;
const signalled = 3;
const terminating = 4;

// If a signal or termination never arrives, a late step is better than a dead worker.
const longestWaitMs = 1000;
/** A signal that was sent and not awaited may have ended other code: it is awaited for less. */
const longestDrainMs = 500;

// The indexes of the other words of the memory.
const child = 1;
const terminations = 2;
const leftSignal = 3;

/**
 * Memory that both threads share. A SIGINT without a listener kills the process, and V8's
 * termination hits whatever the main thread is doing when it arrives. So each of them is sent only
 * while code runs that it can end. When such code ends, the main thread waits for a signal or
 * termination that was already sent, which then unwinds the wait.
 */
export function createStepGate(memory = new SharedArrayBuffer(16)): StepGate {
  const word = new Int32Array(memory);
  const replace = (from: number, to: number): boolean =>
    Atomics.compareExchange(word, 0, from, to) === from;
  // Its code was terminated because the signal had not arrived, which it still may.
  const terminateSignalled = (): boolean => {
    if (!replace(signalled, terminating)) return false;
    Atomics.store(word, leftSignal, 1);
    return true;
  };
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
      // Code that was terminated while it waited for a child could not clear this.
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
    tryTerminate: () => replace(open, terminating) || terminateSignalled(),
    mayHaveSignal: () => Atomics.exchange(word, leftSignal, 0) === 1,
    awaitSignal: () => void Atomics.wait(word, leftSignal, 0, longestDrainMs),
    hasTerminated: () => Atomics.load(word, terminations) > 0,
    terminated() {
      Atomics.add(word, terminations, 1);
      // The step still runs, and code that it has queued may continue: it may have to be terminated
      // again.
      set(open);
      Atomics.notify(word, 0);
    },
  };
}

export type StepGate = {
  memory: SharedArrayBuffer;
  /** Main thread: from now on user code may run, in a step or between steps. */
  open(): void;
  /** Main thread, under `breakOnSigint`: user code up to its first await. */
  callSynchronously<T>(callback: () => T): T;
  /** Main thread: a SIGINT of an earlier step may still arrive. True once. */
  mayHaveSignal(): boolean;
  /** Main thread, under `breakOnSigint`, which that signal then ends. */
  awaitSignal(): void;
  /** Main thread: from now on a SIGINT would not end the code but reach its own listener. */
  losesSignal(): void;
  /** Main thread: from now on nothing interrupts the driver. */
  close(): void;
  /** Main thread: `callback` blocks until a child process exits. */
  awaitChild<T>(callback: () => T): T;
  /** Main thread: code was terminated at some time, and may have left Node in the middle of a task. */
  hasTerminated(): boolean;
  /** Control thread */
  awaitsChild(): boolean;
  /** Control thread: if it returns true, the caller must send SIGINT. */
  trySignal(): boolean;
  /** Control thread: if it returns true, the caller must terminate the code. */
  tryTerminate(): boolean;
  /** Control thread: the termination has unwound the code. */
  terminated(): void;
};
