import { type ErrorBody, type ErrorCode, errorBodySchema } from '@steppe/contracts/errors';
import type { ResponseBody } from '../../support/api/response-lines.ts';
import { readResponse } from './read-response.ts';

interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** An object is sent as JSON. */
  body?: object | string;
  headers?: Record<string, string>;
  limitMs?: number;
}

/** A successful response; its body has to be read. */
export interface ApiResponse extends ResponseBody {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** The outcome of a call. */
export type Reply =
  | { kind: 'response'; response: ApiResponse }
  | { kind: 'refusal'; status: number; error: ErrorBody['error'] }
  /** It is unknown whether the API carried out the call. */
  | { kind: 'broken' };

export interface ApiCaller {
  /**
   * Calls a random replica once.
   * @throws MalformedResponseError if a refusal does not contain an error of the API
   */
  call(call: ApiCall): Promise<Reply>;
}

interface ApiCallerOptions {
  urls: readonly string[];
  token: string;
  random: () => number;
}

export function createApiCaller({ urls, token, random }: ApiCallerOptions): ApiCaller {
  return {
    async call({ method, path, body, headers, limitMs = 30_000 }) {
      const url = urls[Math.floor(random() * urls.length)];
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(typeof body === 'object' && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && {
          body: typeof body === 'object' ? JSON.stringify(body) : body,
        }),
        signal: AbortSignal.timeout(limitMs),
      }).catch(() => undefined);
      if (!response) return { kind: 'broken' };
      if (response.ok) return { kind: 'response', response };
      const refusal = await readResponse(response, errorBodySchema);
      return refusal
        ? { kind: 'refusal', status: response.status, error: refusal.error }
        : { kind: 'broken' };
    },
  };
}

const passing: ReadonlySet<ErrorCode> = new Set([
  'runtime_unreachable',
  'route_store_unavailable',
  'step_deadline_exceeded',
  'session_not_ready',
  'step_queue_full',
]);

/** A body that made no progress was refused, and has done nothing. */
export const isStalledBody = ({ code, retryable }: ErrorBody['error']): boolean =>
  code === 'invalid_request' && retryable;

/** Whether a fault explains the refusal, so that a retry may succeed. */
export const isPassing = (error: ErrorBody['error']): boolean => {
  const { code, retryable, details } = error;
  // An image that could not be pulled in all the time of a create counts as one that never can.
  if (code === 'provisioning_failed')
    return retryable || details.end_reason === 'image_unavailable';
  return passing.has(code) || isStalledBody(error);
};

export const wordsOf = ({ status, error }: Extract<Reply, { kind: 'refusal' }>): string =>
  `${status} ${error.code}: ${error.message}`;
