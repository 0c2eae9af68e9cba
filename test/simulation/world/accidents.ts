/** Decides which accidents of a run happen. They are numbered, so that a run can repeat some. */
export interface Accidents {
  /** How many were due. */
  readonly count: number;
  /** Takes the next number. @returns whether that accident happens. */
  next(): boolean;
  /** Whether none happens any more. */
  readonly areOver: boolean;
  /** From now on none happens. */
  stop(): void;
}

/** @param only the numbers of those that happen; undefined: all. */
export function createAccidents(only: ReadonlySet<number> | undefined): Accidents {
  let count = 0;
  let isOver = false;
  return {
    get count() {
      return count;
    },
    get areOver() {
      return isOver;
    },
    next() {
      if (isOver) return false;
      count += 1;
      return !only || only.has(count);
    },
    stop() {
      isOver = true;
    },
  };
}
