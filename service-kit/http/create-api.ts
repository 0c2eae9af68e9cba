import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { Ids } from '@steppe/contracts/ids';
import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { AppError, internalError } from './app-error.ts';
import { allowOrigins, forbidSniffing } from './browsers/allow-origins.ts';
import { refuseForeign } from './browsers/refuse-foreign.ts';
import { addLogFields, type HttpEnv } from './http-env.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { logRequest } from './request-log.ts';

export interface ApiOperation {
  method: string;
  /** `:name` stands for one segment, a final `*` for a rest that is not empty. */
  path: string;
  handle: Handler<HttpEnv>;
}

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
 * Creates a Hono app that serves exactly `operations`: request ids, one log line each, 404, 405
 * with `Allow`, and rendered errors.
 */
export function createApi({
  operations,
  logger,
  metrics,
  clock,
  ids,
  writeTimeoutMs,
  ...browsers
}: ApiOptions): Hono<HttpEnv> {
  const { servedHosts, corsOrigins = [] } = browsers;
  const app = new Hono<HttpEnv>();
  app.use(logRequest({ logger, metrics, clock, ids }), forbidSniffing);
  if (servedHosts) app.use(refuseForeign({ hosts: servedHosts, origins: corsOrigins }));
  if (corsOrigins.length > 0) app.use(allowOrigins(corsOrigins));
  if (writeTimeoutMs !== undefined) app.use(writeTimeout(writeTimeoutMs));
  const methodsByPath = new Map<string, Set<string>>();
  for (const [name, { method, path, handle }] of Object.entries(operations)) {
    // A file's name may contain a line break, which a dot does not match.
    const pattern = path.replace(/\*$/, ':rest{[\\s\\S]+}');
    // Hono responds to HEAD through the handler of GET.
    if (method !== 'HEAD') app.on(method, pattern, nameOperation(name), handle);
    const methods = methodsByPath.get(pattern) ?? new Set();
    methodsByPath.set(pattern, methods.add(method));
    if (method === 'GET') methods.add('HEAD');
  }
  for (const [pattern, methods] of methodsByPath)
    app.all(pattern, refuseMethod([...methods].sort().join(', ')));
  app.notFound(() => {
    throw new AppError('route_not_found', errorMessages.route_not_found());
  });
  app.onError((error, c) => {
    const shown = error instanceof AppError ? error : internalError(error);
    addLogFields(c, { outcome: shown.code });
    if (shown.status === 500)
      logger.error({ err: shown.cause, request_id: c.var.requestId }, 'request failed');
    return c.json(shown.toBody(c.var.requestId), shown.status, shown.headers);
  });
  return app;
}

const nameOperation =
  (name: string): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    c.set('operation', name);
    await next();
  };

const refuseMethod =
  (allow: string): Handler<HttpEnv> =>
  (c) => {
    throw new AppError(
      'method_not_allowed',
      errorMessages.method_not_allowed(c.req.method, allow),
      {
        headers: { Allow: allow },
      },
    );
  };

/**
 * Cuts off a client that reads nothing of its response for `limitMs`, or somewhat longer: at most
 * twice as long. A client with nothing to read yet may wait.
 */
const writeTimeout =
  (limitMs: number): MiddlewareHandler<HttpEnv> =>
  (c, next) => {
    const outgoing = c.env?.outgoing;
    // Node counts a write as activity if the peer reads any part of it.
    outgoing?.setTimeout(limitMs, () => {
      if (outgoing.writableLength === 0) return;
      addLogFields(c, { outcome: 'stalled' });
      outgoing.destroy();
    });
    return next();
  };
