import { setTimeout as sleepFor } from 'node:timers/promises';

/** Time, as every part sees it: passed in, so that a test or a simulation can drive it. */
export interface Clock {
  /** Milliseconds of Unix time. */
  now(): number;
  /** Milliseconds since an arbitrary moment. Never set back: durations are measured with it. */
  monotonicMs(): number;
  /** Calls `act` once, after `ms`. @returns a function that cancels the call; harmless twice. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` every `ms`, for the first time after `ms`. @returns a function that stops it. */
  every(ms: number, act: () => void): () => void;
  /** Resolves after `ms`. @throws the reason of `signal` if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Aborts after `ms` with a `TimeoutError`. Its timer does not keep the process alive. */
  limit(ms: number): AbortSignal;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  every(ms, act) {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal && { signal });
    } catch (error) {
      throw signal?.reason ?? error;
    }
  },
  limit(ms) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(timeoutError(ms)), ms).unref();
    return controller.signal;
  },
};

const timeoutError = (ms: number): DOMException =>
  new DOMException(`the time limit of ${ms} ms was reached`, 'TimeoutError');
