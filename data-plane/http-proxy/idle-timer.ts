import type { Clock } from '@steppe/service-kit/process/clock';

export interface IdleTimer {
  /** From this call on, the other side must send a byte within the limit. */
  start(): void;
  /** A byte arrived. */
  reset(): void;
  stop(): void;
}

interface IdleTimerOptions {
  clock: Clock;
  limitMs: number;
  /** True while the other side is not at fault: the limit then starts again. */
  isPaused: () => boolean;
  onIdle: () => void;
}

/**
 * An idle timeout instead of a total one: a response may take an hour as long as data keeps
 * arriving. A reset only records the time, because it happens for each chunk.
 */
export function createIdleTimer({ clock, limitMs, isPaused, onIdle }: IdleTimerOptions): IdleTimer {
  let cancel: (() => void) | undefined;
  let lastByteAtMs = 0;
  const check = () => {
    const leftMs = lastByteAtMs + limitMs - clock.monotonicMs();
    if (leftMs > 0) cancel = clock.after(Math.ceil(leftMs), check);
    else if (isPaused()) cancel = clock.after(limitMs, check);
    else onIdle();
  };
  return {
    start() {
      if (cancel) return;
      lastByteAtMs = clock.monotonicMs();
      cancel = clock.after(limitMs, check);
    },
    reset() {
      lastByteAtMs = clock.monotonicMs();
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
