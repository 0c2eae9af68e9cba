import type { Lifetime } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/http/app-error';
import { runDetached } from '@steppe/service-kit/process/connection-owner';

type LifetimeEnd = 'idle' | 'expired';

/** What tells the time. */
export interface Clock {
  /** Milliseconds of Unix time: the wall clock, which may be set forward or back. */
  now(): number;
  /** Milliseconds since some fixed moment, on a clock that is never set. */
  monotonicNow(): number;
  /** Calls `callback` once after `ms`. @returns how to stop that. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  monotonicNow: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Longest time that a result can still be fetched after a session's time is up. */
const fetchMs = 30_000;
/** `setTimeout` takes no more. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Tells when the session has been idle for too long, by the monotonic clock, or its time is up, by
 * the wall clock. A running step holds both off, up to its own limit; a step that waits and a
 * restart hold off idleness alone, and what earlier steps left running neither.
 */
export class LifetimeClock {
  readonly #clock: Clock;
  readonly #onEnd: (reason: LifetimeEnd, detail: string) => void;
  #lifetime: Lifetime | undefined;
  #isRunning = false;
  #inUse = 0;
  #stepEnd: { wallMs: number; monotonicMs: number } | undefined;
  #idleSinceMs: number;
  #stopTimer: () => void = () => {};
  /** In Unix time, for people to read: idle time is not counted from it. */
  lastActiveAtMs: number;

  constructor(onEnd: (reason: LifetimeEnd, detail: string) => void, clock: Clock = systemClock) {
    this.#onEnd = onEnd;
    this.#clock = clock;
    this.lastActiveAtMs = clock.now();
    this.#idleSinceMs = clock.monotonicNow();
  }

  /** Begins to count, with the session's bind. */
  start(lifetime: Lifetime): void {
    this.#lifetime = lifetime;
    this.touch();
  }

  change(lifetime: Lifetime): void {
    this.#lifetime = lifetime;
    this.#check();
  }

  /** A step, a file call, a restart or a cancel. */
  touch(): void {
    this.lastActiveAtMs = this.#clock.now();
    this.#idleSinceMs = this.#clock.monotonicNow();
    this.#check();
  }

  /** Somebody waits for `end`, and the session is not idle until that has settled. */
  inUseUntil(end: Promise<unknown>): void {
    this.#inUse += 1;
    this.touch();
    const settled = () => {
      this.#inUse -= 1;
      this.touch();
    };
    runDetached(() => end.then(settled, settled));
  }

  stepBegan(): void {
    this.#isRunning = true;
    this.touch();
  }

  stepEnded(): void {
    this.#isRunning = false;
    this.#stepEnd = { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonicNow() };
    this.touch();
  }

  /** Set after the expiry: what runs may end and be read, nothing new begins. */
  refusal(): AppError | undefined {
    if (this.#lifetime === undefined || this.#clock.now() < Date.parse(this.#lifetime.expires_at))
      return undefined;
    return new AppError('session_ended', 'the session has expired; create a new one', {
      details: { end_reason: 'expired' },
    });
  }

  /** @throws AppError `session_ended` after the expiry */
  refuseExpired(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
  }

  stop(): void {
    this.#stopTimer();
    this.#stopTimer = () => {};
  }

  #check(): void {
    this.stop();
    if (!this.#lifetime || this.#isRunning) return;
    const { expires_at, idle_timeout_seconds } = this.#lifetime;
    const idleInMs =
      this.#inUse > 0
        ? Number.POSITIVE_INFINITY
        : this.#idleSinceMs + idle_timeout_seconds * 1000 - this.#clock.monotonicNow();
    const endsInMs = this.#endsInMs(Date.parse(expires_at));
    const dueMs = Math.min(idleInMs, endsInMs);
    if (dueMs > 0)
      this.#stopTimer = this.#clock.after(Math.min(dueMs, longestTimerMs), () => this.#check());
    else if (endsInMs <= idleInMs) this.#onEnd('expired', `it expired at ${expires_at}`);
    else this.#onEnd('idle', `it was idle for its idle_timeout_seconds of ${idle_timeout_seconds}`);
  }

  /** A step that ended after the expiry leaves its caller some time to fetch the result. */
  #endsInMs(expiresAtMs: number): number {
    const end = this.#stepEnd;
    return end && end.wallMs > expiresAtMs
      ? end.monotonicMs + fetchMs - this.#clock.monotonicNow()
      : expiresAtMs - this.#clock.now();
  }
}
