export interface SilenceClock {
  /** From now on the other side owes a byte. */
  start(): void;
  heard(): void;
  stop(): void;
}

interface SilenceOptions {
  limitMs: number;
  /** True while the other side cannot be blamed: the limit is then counted anew. */
  isExcused: () => boolean;
  onSilence: () => void;
}

/** Judges by silence instead of by a sum of time limits: an answer may take an hour, if it only gives a sign of life. */
export function createSilenceClock({ limitMs, isExcused, onSilence }: SilenceOptions): SilenceClock {
  let timer: NodeJS.Timeout | undefined;
  const ring = () => {
    if (isExcused()) timer?.refresh();
    else onSilence();
  };
  return {
    start() {
      timer ??= setTimeout(ring, limitMs);
    },
    heard() {
      timer?.refresh();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
