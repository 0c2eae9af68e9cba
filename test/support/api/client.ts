import type { ErrorBody } from '@steppe/contracts/errors';
import { errorBodySchema } from '@steppe/contracts/errors';
import { type Session, sessionSchema } from '@steppe/contracts/session';
import { type StepResult, stepResultSchema } from '@steppe/contracts/step';

/** The API as a caller sees it; every response that has a schema is validated against it. */
export interface Client {
  url: string;
  token: string;
  /**
   * One call, whatever its outcome. A string or bytes are sent unchanged, anything else as JSON.
   */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  createSession(body?: object): Promise<Session>;
  /** Runs a step to its end and returns its result. */
  run(sessionId: string, code: string, request?: object): Promise<StepResult>;
  /** The error of a call that must fail. */
  errorOf(response: Response | Promise<Response>): Promise<{ status: number } & ErrorBody['error']>;
}

export interface ConnectOptions {
  /** Sees every response before the caller of the client does. */
  onResponse?: (method: string, path: string, response: Response) => void;
}

export function connect(url: string, token: string, { onResponse }: ConnectOptions = {}): Client {
  const call: Client['call'] = async (method, path, body, headers = {}) => {
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(!isRaw && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    onResponse?.(method, path, response);
    return response;
  };
  return {
    url,
    token,
    call,
    async createSession(body = {}) {
      const response = await call('POST', '/v1/sessions', body);
      if (response.status !== 201)
        throw new Error(`create: ${response.status} ${await response.text()}`);
      return sessionSchema.parse(await response.json());
    },
    async run(sessionId, code, request = {}) {
      const response = await call('POST', `/v1/sessions/${sessionId}/steps`, { code, ...request });
      if (response.status !== 200)
        throw new Error(`step: ${response.status} ${await response.text()}`);
      return stepResultSchema.parse(await response.json());
    },
    async errorOf(pending) {
      const response = await pending;
      const { error } = errorBodySchema.parse(await response.json());
      return { status: response.status, ...error };
    },
  };
}
