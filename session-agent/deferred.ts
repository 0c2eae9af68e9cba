import type { Clock } from '@steppe/service-kit/process/clock';

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
}

/** A promise that its owner resolves, once. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}

/** Waits for `promise` for at most `limitMs`. */
export async function settledWithin(
  promise: Promise<unknown>,
  limitMs: number,
  clock: Clock,
): Promise<void> {
  const late = deferred();
  const cancel = clock.after(limitMs, late.resolve);
  await Promise.race([promise, late.promise]);
  cancel();
}
