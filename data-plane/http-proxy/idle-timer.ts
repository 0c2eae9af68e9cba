export interface IdleTimer {
  /** From now on the other side owes a byte. */
  start(): void;
  reset(): void;
  stop(): void;
}

interface IdleTimerOptions {
  limitMs: number;
  /** True while the other side cannot be blamed: the limit is then counted anew. */
  isPaused: () => boolean;
  onIdle: () => void;
}

/**
 * An idle timeout instead of a total one: a response may take an hour as long as data keeps coming.
 */
export function createIdleTimer({ limitMs, isPaused, onIdle }: IdleTimerOptions): IdleTimer {
  let timer: NodeJS.Timeout | undefined;
  const ring = () => {
    if (isPaused()) timer?.refresh();
    else onIdle();
  };
  return {
    start() {
      timer ??= setTimeout(ring, limitMs);
    },
    reset() {
      timer?.refresh();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
