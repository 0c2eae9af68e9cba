import type { ServerResponse } from 'node:http';
import {
  type ProxyOptions,
  type ProxyOutcome,
  type ProxyRequest,
  proxyRequest,
} from './proxy-request.ts';
import { isOurMistake, type RetryPolicy, retryDelay } from './retry-policy.ts';

export interface RetryOptions extends ProxyOptions {
  retries: RetryPolicy;
  onRetry: () => void;
}

/** @throws Error where the fault is in the request that we made. */
export async function proxyWithRetries(
  request: ProxyRequest,
  options: RetryOptions,
): Promise<ProxyOutcome> {
  for (let tries = 1; ; tries++) {
    const end = await proxyRequest(request, options);
    if (end.kind === 'unconnected' && isOurMistake(end.error)) throw end.error;
    const delayMs = retryDelay(end, tries, options.retries);
    if (delayMs === undefined) return end;
    await waitOrLeave(delayMs, options.outgoing);
    if (options.outgoing.destroyed) return { kind: 'client_left' };
    options.onRetry();
  }
}

/** Until the time is up or the client has left. */
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
