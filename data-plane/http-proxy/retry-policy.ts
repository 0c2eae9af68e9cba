import type { ServerResponse } from 'node:http';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { ProxyOutcome } from './proxy-request.ts';

export interface RetryPolicy {
  /** Delays before the second, third … attempt; each is varied by a quarter. */
  delaysMs: readonly number[];
  /** At least 0 and less than 1. */
  random: () => number;
}

/** How many interruptions one call survives, however much progress it makes between them. */
export const maxInterruptions = 100;

/**
 * How often the request of one client call may be sent again: as many failures in a row as the
 * policy has delays, counted separately for connections and for interrupted responses. A response
 * that made progress resets its count.
 */
export class RetryBudget {
  readonly #policy: RetryPolicy;
  #unconnectedInARow = 0;
  #interruptedInARow = 0;
  #interruptions = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /**
   * @param isRepeatable whether a request that may have arrived is safe to send again. A request
   * that was never connected always is.
   * @returns the delay before the next attempt; undefined if there must be none.
   */
  delayAfter(outcome: ProxyOutcome, isRepeatable: boolean): number | undefined {
    if (outcome.kind === 'unconnected')
      return isInvalidRequest(outcome.error) ? undefined : this.#delayOf(this.#unconnectedInARow++);
    this.#unconnectedInARow = 0;
    if (!isRepeatable || (outcome.kind !== 'broken' && outcome.kind !== 'truncated'))
      return undefined;
    if (outcome.kind === 'truncated' && outcome.brought) this.#interruptedInARow = 0;
    if (++this.#interruptions > maxInterruptions) return undefined;
    return this.#delayOf(this.#interruptedInARow++);
  }

  /** Resets the count of connection attempts: the next one goes to another address. */
  onMoved(): void {
    this.#unconnectedInARow = 0;
  }

  #delayOf(failuresBefore: number): number | undefined {
    const { delaysMs, random } = this.#policy;
    const delayMs = delaysMs[failuresBefore];
    return delayMs === undefined ? undefined : delayMs * (0.75 + random() / 2);
  }
}

/** Waits before a retry. @returns false if the client left during the delay. */
export function waitForRetry(
  delayMs: number,
  { clock, outgoing }: { clock: Clock; outgoing: ServerResponse },
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      outgoing.off('close', finish);
      resolve(!outgoing.destroyed);
    };
    const cancel = clock.after(delayMs, finish);
    outgoing.once('close', finish);
  });
}

/** undici did not attempt the request: it is invalid, or the process is closing. */
export const isInvalidRequest = (error: Error): boolean =>
  'code' in error &&
  ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'].includes(
    String(error.code),
  );
