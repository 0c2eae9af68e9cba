import type { ServerResponse } from 'node:http';
import type { Ids } from '@steppe/contracts/ids';
import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { type HttpEnv, outcomeOf, requestIdFrom } from './http-env.ts';
import type { HttpMetrics } from './http-metrics.ts';

interface RequestLogOptions {
  logger: Logger;
  metrics: HttpMetrics;
  clock: Clock;
  ids: Ids;
}

/**
 * The status in the log if the client left before its response began. It is the one that nginx
 * uses, because no standard status exists.
 */
export const clientLeft = 499;

/**
 * Gives each request its id, and writes its one log line and its metrics when the response has been
 * sent or the client has left.
 */
export const logRequest = ({
  logger,
  metrics,
  clock,
  ids,
}: RequestLogOptions): MiddlewareHandler<HttpEnv> => {
  return async (c, next) => {
    const startedAt = clock.monotonicMs();
    const requestId = requestIdFrom(c.req.header('x-request-id'), ids);
    c.set('clock', clock);
    c.set('requestId', requestId);
    c.set('operation', 'none');
    c.set('logFields', {});
    c.header('X-Request-Id', requestId);

    const finish = (status: number, isWhole: boolean) => {
      const durationMs = clock.monotonicMs() - startedAt;
      const { operation, logFields } = c.var;
      const outcome = outcomeOf({ status, isWhole, known: logFields.outcome });
      // Make the outcome available to later listeners of `close`.
      c.set('logFields', { ...logFields, outcome });
      metrics.observe({ operation, status, outcome, durationMs });
      const line = {
        request_id: requestId,
        method: c.req.method,
        operation,
        status,
        ...logFields,
        outcome,
      };
      logger.info({ ...line, duration_ms: Math.round(durationMs * 100) / 100 }, 'request');
    };
    const outgoing = outgoingOf(c);
    outgoing?.once('close', () =>
      finish(outgoing.headersSent ? outgoing.statusCode : clientLeft, isWhole(outgoing)),
    );
    await next();
    if (!outgoing) finish(c.res.status, true);
  };
};

/** Node also reports data as finished that was not written when a connection broke. */
const isWhole = ({ writableFinished, req }: ServerResponse): boolean =>
  writableFinished && !req.socket.destroyed;

const outgoingOf = (c: Context<HttpEnv>) => c.env?.outgoing;
