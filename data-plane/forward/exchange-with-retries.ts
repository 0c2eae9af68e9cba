import type { ServerResponse } from 'node:http';
import { type ExchangeEnd, type ExchangeOptions, type ExchangeRequest, exchange } from './exchange.ts';
import { isOurMistake, type RetryPolicy, retryDelay } from './retry-policy.ts';

export interface RetryOptions extends ExchangeOptions {
  retries: RetryPolicy;
  onRetry: () => void;
}

/** @throws Error where the fault is in the request that we made. */
export async function exchangeWithRetries(request: ExchangeRequest, options: RetryOptions): Promise<ExchangeEnd> {
  for (let tries = 1; ; tries++) {
    const end = await exchange(request, options);
    if (end.kind === 'unconnected' && isOurMistake(end.error)) throw end.error;
    const delayMs = retryDelay(end, tries, options.retries);
    if (delayMs === undefined) return end;
    await waitOrLeave(delayMs, options.outgoing);
    if (options.outgoing.destroyed) return { kind: 'client_left' };
    options.onRetry();
  }
}

/** Until the time is over or the client has left. */
export function waitOrLeave(delayMs: number, outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      outgoing.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    outgoing.once('close', done);
  });
}
