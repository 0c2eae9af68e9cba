import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { ErrorCode } from '@steppe/contracts/errors';
import type { Ids } from '@steppe/contracts/ids';
import type { Context } from 'hono';
import type { Clock } from '../process/clock.ts';

/**
 * The fields that a handler adds to the request's one log line, under the names used in the log.
 */
export type LogFields = { outcome?: Outcome } & Record<
  string,
  string | number | boolean | undefined
>;

/**
 * The Hono environment of every server of ours. `Bindings` are absent if a test calls
 * `app.request`.
 */
export interface HttpEnv {
  Bindings: Partial<HttpBindings>;
  Variables: { clock: Clock; requestId: string; operation: string; logFields: LogFields };
}

/** Adds fields to the request's one log line. */
export const addLogFields = (c: Context<HttpEnv>, fields: LogFields): void => {
  c.set('logFields', { ...c.var.logFields, ...fields });
};

/**
 * How a call ended, for its log line, its metrics and its span. `ok`: a status below 400; `error`:
 * another service responded with the status in the line; `aborted`: the client left, or this
 * process exited, before the response was complete; `stalled`: the client read nothing of its
 * response for too long; an error code: the response of this service, or the reason why a response
 * that had begun was cut off.
 */
export type Outcome = 'ok' | 'error' | 'aborted' | 'stalled' | ErrorCode;

interface CallDetails {
  status: number;
  /** False if the client left before it had the whole response. */
  isWhole: boolean;
  /** The outcome that a handler recorded, which takes precedence. */
  known: Outcome | undefined;
}

export function outcomeOf({ status, isWhole, known }: CallDetails): Outcome {
  if (known) return known;
  if (!isWhole) return 'aborted';
  return status < 400 ? 'ok' : 'error';
}

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** Returns the caller's `X-Request-Id` if it is a sane one, else a new one. */
export const requestIdFrom = (given: unknown, ids: Ids): string =>
  typeof given === 'string' && sane.test(given) ? given : ids.uuid();

/** Node's own request and response of a call, for bodies that are streamed. */
export function nodeBindings(c: Context<HttpEnv>): {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
} {
  const { incoming, outgoing } = c.env;
  if (!incoming || !outgoing)
    throw new TypeError('not served over HTTP: app.request is not supported here');
  return { incoming, outgoing };
}
