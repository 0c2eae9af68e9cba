import { type ErrorBody, errorBodySchema } from '@steppe/contracts/errors';

interface ApiCall {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
  headers?: Record<string, string>;
  limitMs?: number;
}

/** What came of a call. */
export type Reply =
  | { kind: 'answer'; answer: Response }
  | { kind: 'refusal'; status: number; error: ErrorBody['error'] }
  /** There is no telling whether it was carried out. */
  | { kind: 'broken' };

export interface ApiCaller {
  /** Calls one of the replicas, a random one, once. */
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
      try {
        const answer = await fetch(`${url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }), ...headers },
          ...(body && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(limitMs),
        });
        if (answer.ok) return { kind: 'answer', answer };
        const { error } = errorBodySchema.parse(await answer.json());
        return { kind: 'refusal', status: answer.status, error };
      } catch {
        return { kind: 'broken' };
      }
    },
  };
}
