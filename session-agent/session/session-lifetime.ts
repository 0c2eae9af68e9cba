import type { Lifetime } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';

type LifetimeEnd = 'idle' | 'expired';

/** How long the result of a step that ended after the session's expiry can be fetched. */
export const resultFetchMs = 30_000;
/** The longest delay that a timer of Node accepts. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Ends the session when it has been idle for too long, by the monotonic clock, or has expired, by
 * the wall clock. A running step delays both, up to its own time limit; a waiting step and a
 * restart delay only the idle end, and background work of earlier steps delays neither.
 */
export class SessionLifetime {
  readonly #clock: Clock;
  readonly #onEnd: (reason: LifetimeEnd, detail: string) => void;
  #lifetime: Lifetime | undefined;
  #isRunning = false;
  #inUse = 0;
  #stepEnd: { wallMs: number; monotonicMs: number } | undefined;
  #idleSinceMs: number;
  #stopTimer: () => void = () => {};
  /** Unix time, for people to read: idle time is not measured from it. */
  lastActiveAtMs: number;

  constructor(onEnd: (reason: LifetimeEnd, detail: string) => void, clock: Clock) {
    this.#onEnd = onEnd;
    this.#clock = clock;
    this.lastActiveAtMs = clock.now();
    this.#idleSinceMs = clock.monotonicMs();
  }

  /** Starts with the session's bind. */
  start(lifetime: Lifetime): void {
    this.#lifetime = lifetime;
    this.touch();
  }

  change(lifetime: Lifetime): void {
    this.#lifetime = lifetime;
    this.#check();
  }

  /** Called for a step, a file request, a restart or a cancel. */
  touch(): void {
    this.lastActiveAtMs = this.#clock.now();
    this.#idleSinceMs = this.#clock.monotonicMs();
    this.#check();
  }

  /** The session is not idle until `end` has settled. */
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
    this.#stepEnd = { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonicMs() };
    this.touch();
  }

  /** The error for new work after the expiry; a running step may end, and its result be read. */
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
        : this.#idleSinceMs + idle_timeout_seconds * 1000 - this.#clock.monotonicMs();
    const endsInMs = this.#endsInMs(Date.parse(expires_at));
    const dueMs = Math.min(idleInMs, endsInMs);
    if (dueMs > 0)
      this.#stopTimer = this.#clock.after(Math.min(dueMs, longestTimerMs), () => this.#check());
    else if (endsInMs <= idleInMs) this.#onEnd('expired', `it expired at ${expires_at}`);
    else this.#onEnd('idle', `it was idle for its idle_timeout_seconds of ${idle_timeout_seconds}`);
  }

  /** If a step ended after the expiry, its client gets time to fetch the result. */
  #endsInMs(expiresAtMs: number): number {
    const end = this.#stepEnd;
    return end && end.wallMs > expiresAtMs
      ? end.monotonicMs + resultFetchMs - this.#clock.monotonicMs()
      : expiresAtMs - this.#clock.now();
  }
}
