import type { Lifetime } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/app-error';

type LifetimeEnd = 'idle' | 'expired';

/** Longest time that a result can still be fetched after a session's time is over. */
const fetchMs = 30_000;
/** `setTimeout` takes no more. */
const longestTimerMs = 2 ** 31 - 1;

/** Tells when the session has been idle for too long or its time is over; never while a step runs. */
export class LifetimeClock {
  readonly #onEnd: (reason: LifetimeEnd) => void;
  #lifetime: Lifetime | undefined;
  #isRunning: () => boolean = () => false;
  #timer: NodeJS.Timeout | undefined;
  #startedAtMs = Date.now();
  lastActiveAtMs = Date.now();

  constructor(onEnd: (reason: LifetimeEnd) => void) {
    this.#onEnd = onEnd;
  }

  start(lifetime: Lifetime, isRunning: () => boolean): void {
    this.#startedAtMs = Date.now();
    this.#isRunning = isRunning;
    this.change(lifetime);
    this.touch();
  }

  change({ expires_at, idle_timeout_seconds }: Lifetime): void {
    this.#lifetime = { expires_at, idle_timeout_seconds };
    this.#check();
  }

  /** A step, a file call, a restart or a cancel. */
  touch(): void {
    this.lastActiveAtMs = Date.now();
    this.#check();
  }

  /** What runs may end and be read; nothing new begins. @throws AppError `session_ended` after the expiry */
  refuseExpired(): void {
    if (this.#lifetime === undefined || Date.now() < Date.parse(this.#lifetime.expires_at)) return;
    throw new AppError('session_ended', 'the session has expired; create a new one', { details: { end_reason: 'expired' } });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    this.stop();
    if (!this.#lifetime || this.#isRunning()) return;
    const idleAtMs = this.lastActiveAtMs + this.#lifetime.idle_timeout_seconds * 1000;
    const expiresAtMs = Date.parse(this.#lifetime.expires_at);
    // A step that ended after the expiry leaves its caller some time to fetch the result.
    const endsAtMs =
      this.lastActiveAtMs > expiresAtMs && this.lastActiveAtMs > this.#startedAtMs ? this.lastActiveAtMs + fetchMs : expiresAtMs;
    const dueMs = Math.min(idleAtMs, endsAtMs) - Date.now();
    if (dueMs <= 0) this.#onEnd(endsAtMs <= idleAtMs ? 'expired' : 'idle');
    else this.#timer = setTimeout(() => this.#check(), Math.min(dueMs, longestTimerMs));
  }
}
