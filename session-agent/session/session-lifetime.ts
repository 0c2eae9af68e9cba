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
  #lifetime: ReturnType<typeof read> | undefined;
  #isRunning = false;
  #inUse = 0;
  #stepEnd: { wallMs: number; monotonicMs: number } | undefined;
  #idleSinceMs: number;
  /** Each step moves the end, which is always later then: the timer checks again when it is due. */
  #timer: { dueAtMs: number; cancel: () => void } | undefined;
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
    this.#lifetime = read(lifetime);
    this.touch();
  }

  change(lifetime: Lifetime): void {
    this.#lifetime = read(lifetime);
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
    if (this.#lifetime === undefined || this.#clock.now() < this.#lifetime.expiresAtMs)
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
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    if (!this.#lifetime || this.#isRunning) return;
    const { expiresAt, expiresAtMs, idleTimeoutMs } = this.#lifetime;
    const nowMs = this.#clock.monotonicMs();
    const idleInMs =
      this.#inUse > 0 ? Number.POSITIVE_INFINITY : this.#idleSinceMs + idleTimeoutMs - nowMs;
    const endsInMs = this.#endsInMs(expiresAtMs);
    const dueMs = Math.min(idleInMs, endsInMs);
    if (dueMs > 0) this.#checkAgainIn(Math.min(dueMs, longestTimerMs), nowMs);
    else {
      this.stop();
      if (endsInMs <= idleInMs) this.#onEnd('expired', `it expired at ${expiresAt}`);
      else
        this.#onEnd('idle', `it was idle for its idle_timeout_seconds of ${idleTimeoutMs / 1000}`);
    }
  }

  #checkAgainIn(ms: number, nowMs: number): void {
    const dueAtMs = nowMs + ms;
    if (this.#timer && this.#timer.dueAtMs <= dueAtMs) return;
    this.stop();
    const cancel = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#check();
    });
    this.#timer = { dueAtMs, cancel };
  }

  /** If a step ended after the expiry, its client gets time to fetch the result. */
  #endsInMs(expiresAtMs: number): number {
    const end = this.#stepEnd;
    return end && end.wallMs > expiresAtMs
      ? end.monotonicMs + resultFetchMs - this.#clock.monotonicMs()
      : expiresAtMs - this.#clock.now();
  }
}

const read = ({ expires_at, idle_timeout_seconds }: Lifetime) => ({
  expiresAt: expires_at,
  expiresAtMs: Date.parse(expires_at),
  idleTimeoutMs: idle_timeout_seconds * 1000,
});
