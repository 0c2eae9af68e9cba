import type { ServerResponse } from 'node:http';
import type { Logger } from '../process/logger.ts';
import type { Call, Outcome } from './call.ts';
import type { HttpMetrics } from './http-metrics.ts';

/**
 * The status in the log if the client left before its response began. It is the one that nginx
 * uses, because no standard status exists.
 */
export const clientLeft = 499;

/**
 * Writes the one log line of a call and its metrics when the response has been sent or the client
 * has left.
 */
export function logRequest(
  call: Call,
  { logger, metrics }: { logger: Logger; metrics: HttpMetrics },
): void {
  const { outgoing, clock, logFields, requestId, method } = call;
  outgoing.once('close', () => {
    const durationMs = clock.monotonicMs() - call.arrivedAtMs;
    const { operation } = call;
    const status = outgoing.headersSent ? outgoing.statusCode : clientLeft;
    // Later listeners of `close` read it too.
    logFields.outcome ??= outcomeOf(outgoing, status);
    metrics.observe({ operation, status, outcome: logFields.outcome, durationMs });
    logger.info(
      {
        request_id: requestId,
        method,
        operation,
        status,
        ...logFields,
        duration_ms: Math.round(durationMs * 100) / 100,
      },
      'request',
    );
  });
}

function outcomeOf({ writableFinished, req }: ServerResponse, status: number): Outcome {
  // Node also reports data as finished that was not written when a connection broke.
  if (!writableFinished || req.socket.destroyed) return 'aborted';
  return status < 400 ? 'ok' : 'error';
}
