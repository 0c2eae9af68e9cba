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

/**
 * For an LRUCache whose entries live as long as a token allows. It uses the wall clock, which `exp`
 * refers to, and which advances while a machine sleeps.
 */
export const wallClockTtl = (clock: Clock) => ({
  perf: { now: () => clock.now() },
  ttlResolution: 0,
});

/**
 * Whether more than `ageMs` have passed since `sinceMs`. Also true if the clock was set back in the
 * meantime: otherwise a time in the future would count as recent until the clock has caught up.
 */
export const isOlder = (sinceMs: number, ageMs: number, nowMs: number): boolean =>
  nowMs < sinceMs || nowMs - sinceMs > ageMs;
