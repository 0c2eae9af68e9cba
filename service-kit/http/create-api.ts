import type { RequestListener } from 'node:http';
import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { AppError, internalError } from './app-error.ts';
import { allowOrigins } from './browsers/allow-origins.ts';
import { refuseForeign } from './browsers/refuse-foreign.ts';
import { type Call, createCall, respondJson } from './call.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { readTarget } from './read-target.ts';
import { logRequest } from './request-log.ts';
import { type ApiOperation, createRouteTable } from './route-table.ts';

interface ApiOptions {
  /** Keyed by names, which are metric labels. */
  operations: Record<string, ApiOperation>;
  logger: Logger;
  metrics: HttpMetrics;
  clock: Clock;
  ids: Ids;
  /** How long a client may read nothing of its response; unset: forever. */
  writeTimeoutMs?: number;
  /**
   * Requests for other hosts, and from pages of other origins, are refused; undefined: any host is
   * served.
   */
  servedHosts?: readonly string[] | undefined;
  /** Origins whose pages may call from a browser. */
  corsOrigins?: readonly string[];
}

/**
 * Serves exactly `operations`: request ids, one log line each, 404, 405 with `Allow`, and rendered
 * errors.
 */
export function createApi({
  operations,
  logger,
  metrics,
  writeTimeoutMs,
  servedHosts,
  corsOrigins = [],
  ...parts
}: ApiOptions): RequestListener {
  const findHandler = createRouteTable(operations);
  const checkForeign = servedHosts && refuseForeign({ hosts: servedHosts, origins: corsOrigins });
  const respondPreflight = corsOrigins.length > 0 ? allowOrigins(corsOrigins) : undefined;
  const handle = (call: Call): void | Promise<void> => {
    const { pathname, search } = readTarget(call.incoming);
    call.pathname = pathname;
    call.search = search;
    checkForeign?.(call);
    if (respondPreflight?.(call)) return;
    if (writeTimeoutMs !== undefined) limitWrites(call, writeTimeoutMs);
    return findHandler(call)(call);
  };
  return (incoming, outgoing) => {
    const call = createCall(incoming, outgoing, parts);
    logRequest(call, { logger, metrics });
    try {
      handle(call)?.catch((error) => fail(call, error, logger));
    } catch (error) {
      fail(call, error, logger);
    }
  };
}

function fail(call: Call, error: unknown, logger: Logger): void {
  const { outgoing, requestId, logFields } = call;
  const shown = error instanceof AppError ? error : internalError(error);
  logFields.outcome = shown.code;
  if (shown.status === 500)
    logger.error({ err: shown.cause, request_id: requestId }, 'request failed');
  // A sent status cannot be changed. Clients do not mistake an aborted response for a whole one.
  if (outgoing.headersSent) outgoing.destroy();
  else respondJson(call, shown.toBody(requestId), shown.status, shown.headers);
}

/**
 * Cuts off a client that reads nothing of its response for `limitMs`, or somewhat longer: at most
 * twice as long. A client with nothing to read yet may wait.
 */
function limitWrites({ outgoing, logFields }: Call, limitMs: number): void {
  // Node counts a write as activity if the peer reads any part of it.
  outgoing.setTimeout(limitMs, () => {
    if (outgoing.writableLength === 0) return;
    logFields.outcome = 'stalled';
    outgoing.destroy();
  });
}
