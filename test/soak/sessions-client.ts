import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { errorBodySchema } from '@steppe/contracts/errors';
import { type Session, sessionSchema } from '@steppe/contracts/session';

/**
 * The outcome of a create. `full`: the quota is used up. `broken`: a control-plane was killed, and
 * retries did not help.
 */
export type Created =
  | { outcome: 'created'; session: Session }
  | { outcome: 'full' }
  | { outcome: 'broken'; why: string };

/** One tenant's calls of the data-plane. */
export interface SessionsClient {
  /** Retries with the same idempotency key if the outcome is unknown. */
  create(body: object): Promise<Created>;
  /** The status, or undefined if there was no response. */
  remove(id: string): Promise<number | undefined>;
  run(id: string, code: string): Promise<number | undefined>;
}

const limitMs = 40_000;
const tokenLastsMs = 300_000;
const triesOfACreate = 4;
/** Responses that neither a killed control-plane nor a quota explains. */
const inexplicable: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 415, 422, 500]);

interface SessionsClientOptions {
  url: string;
  signToken: () => Promise<string>;
  /** Called with a response that nothing explains. */
  onSurprise: (what: string) => void;
}

export function createSessionsClient({
  url,
  signToken,
  onSurprise,
}: SessionsClientOptions): SessionsClient {
  let token: { text: Promise<string>; since: number } | undefined;
  const call = async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ) => {
    if (!token || performance.now() - token.since > tokenLastsMs)
      token = { text: signToken(), since: performance.now() };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await token.text}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(limitMs),
    });
    const text = await response.text();
    if (inexplicable.has(response.status))
      onSurprise(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return { status: response.status, text };
  };
  const statusOf = (calling: Promise<{ status: number }>) =>
    calling.then(
      ({ status }) => status,
      () => undefined,
    );
  const createOnce = async (body: object, key: string): Promise<Created> => {
    try {
      const { status, text } = await call('POST', '/v1/sessions', body, { 'idempotency-key': key });
      if (status === 201)
        return { outcome: 'created', session: sessionSchema.parse(JSON.parse(text)) };
      const { code } = errorBodySchema.parse(JSON.parse(text)).error;
      return code === 'quota_exceeded'
        ? { outcome: 'full' }
        : { outcome: 'broken', why: `${status} ${code}` };
    } catch (error) {
      return { outcome: 'broken', why: error instanceof Error ? error.name : 'unknown' };
    }
  };
  return {
    async create(body) {
      const key = randomUUID();
      for (let tries = 1; ; tries += 1) {
        const created = await createOnce(body, key);
        if (created.outcome !== 'broken' || tries === triesOfACreate) return created;
        await delay(500);
      }
    },
    remove: (id) => statusOf(call('DELETE', `/v1/sessions/${id}`)),
    run: (id, code) => statusOf(call('POST', `/v1/sessions/${id}/steps`, { code })),
  };
}
