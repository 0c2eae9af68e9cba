import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type * as z from 'zod';
import { isAmbiguousWrite, isKubeApiError, KubeApiError } from '../kube-api-error.ts';
import type { KubeConnection, KubeRequest, KubeResponse } from './kube-connection.ts';
import type { KubeCredentials } from './kube-credentials.ts';
import { toKubeApiError, wasClosedByUs, wasNeverSent } from './network-errors.ts';
import { readStatus } from './read-status.ts';

export interface CallLimits {
  /** For one attempt, up to the end of its response; for a watch, up to the response's headers. */
  attemptMs: number;
  /** For a call with all its attempts. */
  callMs: number;
  /** The delay before the first retry, which then doubles up to the second. */
  backoffMs: readonly [number, number];
}

export interface KubeCall extends KubeRequest {
  /** Executing it twice is the same as once: it is retried when it may have been executed. */
  isIdempotent: boolean;
  signal?: AbortSignal | undefined;
  /** Called before a retry of what may have been executed. */
  onUnclear?: () => void;
}

export interface KubeCaller {
  call<T>(call: KubeCall, schema: z.ZodType<T>): Promise<T>;
  /** Opens a response that may last. One attempt; the signal also ends its body. */
  open(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse>;
}

interface KubeCallerOptions {
  connection: KubeConnection;
  credentials: KubeCredentials;
  limits: CallLimits;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
}

/** Sends requests, reads their responses, and retries what the API server did not execute. */
export function createKubeCaller(options: KubeCallerOptions): KubeCaller {
  const { limits, clock, ids } = options;
  const attempt = createAttempt(options);
  return {
    async call(call, schema) {
      const signal = call.signal ?? new AbortController().signal;
      const deadline = clock.monotonicMs() + limits.callMs;
      for (let failures = 0; ; failures += 1) {
        try {
          return await attempt(call, signal, async ({ body }) => parse(schema, await body.text()));
        } catch (error) {
          if (!isKubeApiError(error) || !isRetryable(error, call)) throw error;
          const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs(limits, ids, failures));
          if (clock.monotonicMs() + waitMs >= deadline) throw error;
          if (isAmbiguousWrite(error) && !wasNeverSent(error)) call.onUnclear?.();
          await clock.sleep(waitMs, signal);
        }
      }
    },
    open: (request, signal) => attempt(request, signal, async (response) => response),
  };
}

/**
 * Sends once, and once more with new credentials if the API server refuses those.
 * @returns what `read` makes of the response, which is a success.
 * @throws KubeApiError, or the reason of `signal`.
 */
const createAttempt =
  ({ connection, credentials, limits, clock }: KubeCallerOptions) =>
  async <T>(
    request: KubeRequest,
    signal: AbortSignal,
    read: (response: KubeResponse) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const limit = new AbortController();
    const onAbort = () => limit.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const stopTimer = clock.after(limits.attemptMs, () => limit.abort(lateResponse(limits)));
    const send = async (): Promise<KubeResponse> => {
      const used = await credentials.read();
      const response = await connection.send(request, used, limit.signal);
      if (response.statusCode === 401) credentials.refuse(used);
      return response;
    };
    try {
      let response = await send();
      if (response.statusCode === 401) {
        await response.body.dump();
        response = await send();
      }
      // A watch returns while its body is open: the signal has to reach it until it closes.
      response.body.once('close', () => signal.removeEventListener('abort', onAbort));
      if (response.statusCode >= 300) throw await readError(response);
      return await read(response);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      limit.signal.throwIfAborted();
      throw toKubeApiError(error);
    } finally {
      stopTimer();
    }
  };

const lateResponse = ({ attemptMs }: CallLimits): KubeApiError =>
  new KubeApiError('timeout', `the API server did not respond within ${attemptMs} ms`);

const readError = async ({ statusCode, headers, body }: KubeResponse) => {
  const { 'retry-after': retryAfter } = headers;
  return readStatus({
    status: statusCode,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    text: await body.text(),
  });
};

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new KubeApiError('unavailable', 'the response is not the expected object', { cause });
  }
}

function isRetryable(error: KubeApiError, { isIdempotent }: KubeCall): boolean {
  if (wasClosedByUs(error)) return false;
  if (error.kind === 'too_many_requests' || wasNeverSent(error)) return true;
  return isIdempotent && isAmbiguousWrite(error);
}

/** Doubles with each failure; a random part of up to a half keeps many callers apart. */
function backoffMs({ backoffMs }: CallLimits, ids: Pick<Ids, 'random'>, failures: number): number {
  const [firstMs, lastMs] = backoffMs;
  return Math.min(lastMs, firstMs * 2 ** failures) * (1 - ids.random() / 2);
}
