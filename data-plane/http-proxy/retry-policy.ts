import type { ProxyOutcome } from './proxy-request.ts';

export interface RetryPolicy {
  /** Waiting times before the second, third … try; each is varied by a quarter. */
  delaysMs: readonly number[];
  random?: () => number;
}

/**
 * How long to wait before trying again, or undefined where it must not be: only a connection that
 * was never made is sure not to have done anything.
 * @param tries how many there were.
 */
export function retryDelay(
  end: ProxyOutcome,
  tries: number,
  policy: RetryPolicy,
): number | undefined {
  if (end.kind !== 'unconnected' || isOurMistake(end.error)) return undefined;
  const delayMs = policy.delaysMs[tries - 1];
  return delayMs === undefined ? undefined : jittered(delayMs, policy);
}

export const jittered = (delayMs: number, { random = Math.random }: RetryPolicy): number =>
  delayMs * (0.75 + random() / 2);

/** undici did not even try: the request cannot be written down, or the process is closing. */
export const isOurMistake = (error: Error): boolean =>
  'code' in error &&
  ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'].includes(
    String(error.code),
  );
