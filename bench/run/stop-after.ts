interface Stoppable {
  stop(): Promise<unknown>;
}

/** Registers what to stop; the last one is stopped first. */
export type OnClose = <T extends Stoppable>(started: T) => T;

/** Runs a part of the bench, and stops everything that it started. */
export async function stopAfter<T>(part: (onClose: OnClose) => Promise<T>): Promise<T> {
  const started: Stoppable[] = [];
  try {
    return await part((one) => {
      started.push(one);
      return one;
    });
  } finally {
    for (const one of started.toReversed()) await one.stop();
  }
}
